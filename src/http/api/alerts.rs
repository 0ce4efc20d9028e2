//! `GET /api/v1/alerts`: what is open, by deadline.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::super::parameters::Parameters;
use super::super::problem::Problem;
use super::super::table::{AlertFilter, AlertQuery, AlertSort, AlertSortKey, Cursor, OpenAlert};
use super::accounts::cursor;
use super::document::Refusals;
use super::{Api, LONGEST_PAGE, PAGE, answer};
use crate::model::compiled::{AlertKind, Severity};

/// Alerts that are resolved are in the output topic alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertState {
    Open,
}

/// What is asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Alerts in this state. Those that are resolved are in the output topic alone.
    #[param(required = false)]
    #[allow(dead_code, reason = "there is one state")]
    state: Option<AlertState>,
    /// Only alerts of this rule.
    alert: Option<String>,
    /// Only alerts of these severities.
    #[param(required = false, style = Form, explode = false, min_items = 1)]
    severity: Vec<Severity>,
    /// Only risks, or only opportunities.
    kind: Option<AlertKind>,
    /// Only on accounts of this owner; the empty text stands for those without one.
    owner: Option<String>,
    /// Only on accounts of this segment; the empty text stands for those without one.
    segment: Option<String>,
    /// What the list is sorted by, with `-` in front from the latest back. Alerts without a deadline come last. Default: `due`.
    #[param(required = false)]
    sort: AlertSort,
    /// Alerts on a page.
    #[param(required = false, default = 50, minimum = 1, maximum = 500)]
    limit: usize,
    /// `next` of the page before; the other parameters have to be the same.
    cursor: Option<String>,
}

/// A page of open alerts.
#[derive(Serialize, ToSchema)]
pub struct Alerts<'a> {
    alerts: Vec<OpenAlert<'a>>,
    /// How many the filters let through, on all pages.
    total: usize,
    /// The cursor of the next page; null on the last one.
    next: Option<String>,
}

fn asked(query: Option<&str>) -> Result<AlertQuery, Problem> {
    let mut parameters = Parameters::of(query);
    let asked = Asked {
        state: parameters.word("state"),
        alert: parameters.text("alert"),
        severity: parameters.words("severity"),
        kind: parameters.word("kind"),
        owner: parameters.text("owner"),
        segment: parameters.text("segment"),
        sort: parameters.word("sort").unwrap_or(AlertSort {
            key: AlertSortKey::Due,
            descending: false,
        }),
        limit: parameters.limit(PAGE, LONGEST_PAGE),
        cursor: parameters.text("cursor"),
    };
    let mut query = AlertQuery {
        filter: AlertFilter {
            rule: asked.alert,
            severities: asked.severity,
            kind: asked.kind,
            owner: asked.owner,
            segment: asked.segment,
        },
        sort: asked.sort,
        limit: asked.limit,
        after: None,
    };
    query.after = cursor(&mut parameters, asked.cursor.as_deref(), query.sort.order());
    parameters.finish().map(|()| query)
}

/// Alerts that are open, on all accounts
#[utoipa::path(
    get,
    path = "/api/v1/alerts",
    operation_id = "listAlerts",
    tag = "alerts",
    params(Asked),
    responses((status = 200, description = "One page", body = Alerts), Refusals)
)]
pub async fn list(State(api): State<Api>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = asked(query.as_deref())?;
    let page = move |api: &Api, table: &super::Table| {
        let model = api.live.model();
        let page = table.alerts(&query, model.as_deref());
        let next = page.next.as_ref().map(Cursor::encode);
        Ok(answer(&Alerts {
            alerts: page.alerts,
            total: page.total,
            next,
        }))
    };
    api.with_table(page).await
}
