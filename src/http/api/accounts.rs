//! `GET /api/v1/accounts`: filtered, sorted, page by page.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::super::parameters::Parameters;
use super::super::problem::Problem;
use super::super::table::{AccountSummary, Cursor, Filter, Query, Sort, SortKey};
use super::document::Refusals;
use super::{Api, LONGEST_PAGE, PAGE, answer};
use crate::domain::band::Band;

/// What is asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Only accounts in one of these bands.
    #[param(required = false, style = Form, explode = false, min_items = 1)]
    band: Vec<Band>,
    /// Only accounts of this segment; the empty text stands for those without one.
    segment: Option<String>,
    /// Only accounts of this owner; the empty text stands for those without one.
    owner: Option<String>,
    /// Only accounts on which this alert rule is open.
    alert: Option<String>,
    /// Only accounts with this in their id, in capital or small letters.
    q: Option<String>,
    /// What the list is sorted by, with `-` in front from the largest down. Accounts of which it is not known come last. `trend`
    /// is that of 7 days. Default: `score`, the worst first.
    #[param(required = false)]
    sort: Sort,
    /// Accounts on a page.
    #[param(required = false, default = 50, minimum = 1, maximum = 500)]
    limit: usize,
    /// `next` of the page before; the other parameters have to be the same.
    cursor: Option<String>,
}

/// A page of accounts.
#[derive(Serialize, ToSchema)]
pub struct Accounts<'a> {
    accounts: Vec<AccountSummary<'a>>,
    /// How many accounts the filters let through, on all pages.
    total: usize,
    /// The cursor of the next page; null on the last one.
    next: Option<String>,
}

impl Asked {
    fn of(query: Option<&str>) -> Result<(Self, Option<Cursor>), Problem> {
        let mut parameters = Parameters::of(query);
        let asked = Self {
            band: parameters.words("band"),
            segment: parameters.text("segment"),
            owner: parameters.text("owner"),
            alert: parameters.text("alert"),
            q: parameters.text("q"),
            sort: parameters.word("sort").unwrap_or(Sort {
                key: SortKey::Score,
                descending: false,
            }),
            limit: parameters.limit(PAGE, LONGEST_PAGE),
            cursor: parameters.text("cursor"),
        };
        let after = cursor(&mut parameters, asked.cursor.as_deref(), asked.sort.order());
        parameters.finish().map(|()| (asked, after))
    }
}

/// The cursor of a list in that order.
pub fn cursor(parameters: &mut Parameters, text: Option<&str>, order: u8) -> Option<Cursor> {
    let cursor = Cursor::decode(text?).filter(|cursor| cursor.order == order);
    if cursor.is_none() {
        parameters.mistake(
            "cursor",
            "is not the `next` of a page of this list, sorted as it is now",
        );
    }
    cursor
}

/// Accounts as they were last said to stand
///
/// Paging is stable: an account that did not move is neither skipped nor repeated, whatever happens to the others in between.
#[utoipa::path(
    get,
    path = "/api/v1/accounts",
    operation_id = "listAccounts",
    tag = "accounts",
    params(Asked),
    responses((status = 200, description = "One page", body = Accounts), Refusals)
)]
pub async fn list(State(api): State<Api>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let (asked, after) = Asked::of(query.as_deref())?;
    let query = Query {
        filter: Filter {
            bands: asked.band,
            segment: asked.segment,
            owner: asked.owner,
            alert: asked.alert,
            part_of_id: asked.q.map(|part| part.to_ascii_lowercase()),
        },
        sort: asked.sort,
        limit: asked.limit,
        after,
    };
    let page = move |_: &Api, table: &super::Table| {
        let page = table.page(&query);
        Ok(answer(&Accounts {
            accounts: page.rows.iter().map(|row| table.summary(*row)).collect(),
            total: page.total,
            next: page.next.as_ref().map(Cursor::encode),
        }))
    };
    api.with_table(page).await
}
