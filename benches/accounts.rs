//! The API's lists over a million accounts: a page each, as the handlers ask for it. `cargo bench --bench accounts`.
//! The goal is 50 ms at p99 (the column `slowest` is the worst of 100).

use std::sync::LazyLock;

use divan::{Bencher, black_box};
use pulsewatch::{
    domain::{band::Band, time::Timestamp},
    http::table::{
        AlertFilter, AlertQuery, AlertSort, AlertSortKey, Cursor, Filter, Moved, Page, Query, Sort, SortKey, Table,
        Update,
    },
};

const ACCOUNTS: u32 = 1_000_000;
const SEGMENTS: [&str; 6] = ["students", "startup", "midmarket", "enterprise", "public", "nonprofit"];

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    (0..ACCOUNTS).for_each(|number| apply(&mut table, number, 1));
    table
});

fn main() {
    divan::main();
}

/// Account `number` as some output has it; another `offset`, another score.
fn apply(table: &mut Table, number: u32, offset: i64) {
    // Accounts come in no order, as from Redis.
    let number = number.wrapping_mul(7_919) % ACCOUNTS;
    let noise = number.wrapping_mul(2_654_435_761).wrapping_add(offset as u32) >> 8;
    let score = f64::from(noise % 10_001) / 100.0;
    let (account, owner) = (format!("acc-{number:07}"), format!("kam-{}@acme.example", noise % 200));
    let alerts = if noise.is_multiple_of(20) {
        vec![("health-drop", None)]
    } else {
        Vec::new()
    };
    table.apply(&Update {
        account: &account,
        offset,
        as_of: Some(Timestamp::from_millis(1_700_000_000_000 + i64::from(noise))),
        score,
        coverage: 0.9,
        band: Band::ALL[1 + (noise % 3) as usize],
        trends: [f64::from(noise % 400) / 10.0 - 20.0, f64::NAN],
        segment: Some(SEGMENTS[(noise % 6) as usize]),
        plan: Some("pro"),
        owner: Some(&owner),
        value: f64::from(noise % 50_000),
        alerts,
        moved: Some(Moved {
            from: score - 3.0,
            drivers: vec![("adoption.active_ratio", 2.0), ("support.frequency", 1.0)],
        }),
    });
}

fn query(sort: SortKey, descending: bool, filter: Filter) -> Query {
    Query {
        filter,
        sort: Sort { key: sort, descending },
        limit: 50,
        after: None,
    }
}

fn bench(bencher: Bencher<'_, '_>, query: &Query) {
    LazyLock::force(&TABLE);
    bencher.bench(|| -> Page { TABLE.page(black_box(query)) });
}

#[divan::bench]
fn worst_scores(bencher: Bencher<'_, '_>) {
    bench(bencher, &query(SortKey::Score, false, Filter::default()));
}

#[divan::bench]
fn largest_values_red_of_a_segment(bencher: Bencher<'_, '_>) {
    let filter = Filter {
        bands: vec![Band::Red],
        segment: Some("students".to_owned()),
        ..Filter::default()
    };
    bench(bencher, &query(SortKey::Value, true, filter));
}

#[divan::bench]
fn by_id_in_the_middle(bencher: Bencher<'_, '_>) {
    let mut query = query(SortKey::Account, false, Filter::default());
    query.after = Some(Cursor {
        order: query.sort.order(),
        key: 0,
        id: "acc-0500000".to_owned(),
    });
    bench(bencher, &query);
}

#[divan::bench]
fn ids_that_contain_a_text(bencher: Bencher<'_, '_>) {
    let filter = Filter {
        part_of_id: Some("4711".to_owned()),
        ..Filter::default()
    };
    bench(bencher, &query(SortKey::Trend, false, filter));
}

#[divan::bench]
fn with_an_alert_of_an_owner_a_page_of_500(bencher: Bencher<'_, '_>) {
    let filter = Filter {
        owner: Some("kam-20@acme.example".to_owned()),
        alert: Some("health-drop".to_owned()),
        ..Filter::default()
    };
    let query = Query {
        limit: 500,
        ..query(SortKey::AsOf, true, filter)
    };
    bench(bencher, &query);
}

/// Of 50,000.
#[divan::bench]
fn open_alerts_by_time(bencher: Bencher<'_, '_>) {
    LazyLock::force(&TABLE);
    let query = AlertQuery {
        filter: AlertFilter::default(),
        sort: AlertSort {
            key: AlertSortKey::Since,
            descending: true,
        },
        limit: 50,
        after: None,
    };
    bencher.bench(|| TABLE.alerts(black_box(&query), None).total);
}

#[divan::bench]
fn all_segments(bencher: Bencher<'_, '_>) {
    LazyLock::force(&TABLE);
    bencher.bench(|| TABLE.segments().len());
}

/// One output, while the table has a million rows.
#[divan::bench(sample_count = 20, sample_size = 1000)]
fn an_output_comes(bencher: Bencher<'_, '_>) {
    let mut table = Table::default();
    (0..ACCOUNTS).for_each(|number| apply(&mut table, number, 1));
    let (mut number, mut offset) = (0, 2);
    bencher.bench_local(|| {
        number = (number + 1) % ACCOUNTS;
        offset += 1;
        apply(&mut table, number, offset);
    });
}
