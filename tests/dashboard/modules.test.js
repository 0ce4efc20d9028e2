// What the dashboard counts and writes, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { quoted } from "../../dashboard/csv.js";
import * as format from "../../dashboard/format.js";
import { freshness } from "../../dashboard/metrics.js";
import { accountAddress, parse as address } from "../../dashboard/router.js";
import { parse as serverSent } from "../../dashboard/stream.js";
import { steps } from "../../dashboard/views/drivers.js";
import { marksOf } from "../../dashboard/views/marks.js";
import { deepestFirst } from "../../dashboard/views/moving.js";
import { keys, refusal, requestOf } from "../../dashboard/views/override-request.js";
import { silencesInForce } from "../../dashboard/views/alert-item.js";
import { relative } from "../../dashboard/views/segment.js";
import { days } from "../../dashboard/views/why.js";
import { matrix } from "../../dashboard/views/what-if-report.js";

test("what is not known is a dash and never 0", () => {
  for (const show of [
    format.count,
    format.amount,
    format.points,
    format.value,
    format.share,
    format.probability,
    format.rough,
    format.change,
    format.time,
    format.day,
  ]) {
    assert.equal(show(null), "–");
  }
  assert.equal(format.points(0), "0.0");
});

test("changes have their sign, and none when they are as good as nothing", () => {
  assert.deepEqual([-3.14, 2, 0.04, -0.04].map(format.change), ["−3.1", "+2.0", "0.0", "0.0"]);
});

test("spans are told in their largest unit", () => {
  assert.deepEqual([0, 59, 60, 3_600, 86_400, 200_000].map(format.span), ["0 s", "59 s", "1 min", "1 h", "1 day", "2 days"]);
});

test("next to nothing is told as that, and exactly where it is asked for", () => {
  assert.deepEqual([0.000004, -0.0002, 0, 0.25, -3].map(format.rough), ["< 0.001", "> −0.001", "0", "0.25", "-3"]);
  assert.equal(format.value(0.000004), "0.000004");
  assert.deepEqual([0.0162, 0.4, 0.00012].map(format.probability), ["1.6%", "40%", "0.012%"]);
});

test("attributes and durations read as people write them", () => {
  const shown = ["2026-08-02T00:00:00Z", "2026-08-02T14:30:05.123Z", "2026-08-02", "pro", "2026", 12.345, 1234567, true, ["a"]];
  assert.deepEqual(shown.map(format.attribute), [
    "2 Aug 2026",
    "2 Aug 2026, 14:30 UTC",
    "2 Aug 2026",
    "pro",
    "2026",
    "12.35",
    "1,234,567",
    "yes",
    '["a"]',
  ]);
  assert.deepEqual(["30d", "1d", "12h", "1d12h"].map(format.duration), ["30 days", "1 day", "12 hours", "1d12h"]);
});

test("a change is a part of what there was, and none of nothing", () => {
  assert.deepEqual(
    [relative(75, -25), relative(110, 10), relative(5, 5), relative(null, 1), relative(5, null)],
    ["−25%", "+10%", "–", "–", "–"],
  );
});

test("the segment that fell most comes first, and what is not known last", () => {
  const segment = (/** @type {string} */ segment, /** @type {number | null} */ score) => ({
    segment,
    change: { "7d": { score } },
  });
  const all = [segment("new", null), segment("up", 2), segment("down", -3)];
  assert.deepEqual(
    deepestFirst(/** @type {any} */ (all)).map(({ segment }) => segment),
    ["down", "up", "new"],
  );
});

test("a silence is in force from its beginning to before its end", () => {
  const at = (/** @type {number} */ hours) => new Date(Date.now() + hours * 3_600_000).toISOString();
  const silence = (/** @type {number} */ from, /** @type {number} */ until) => ({ from: at(from), until: at(until), alerts: [] });
  const all = [silence(-2, -1), silence(-1, 1), silence(1, 2)];
  assert.deepEqual(silencesInForce(all), [all[1]]);
});

test("the steps of a move lead from the score before to the score after", () => {
  const move = {
    from: 70,
    to: 60,
    drivers: [
      { indicator: "a.b", change: -8 },
      { indicator: "coverage", change: 1 },
    ],
  };
  const found = steps(move);
  assert.deepEqual(
    found.map(({ name, from, to }) => [name, from, to]),
    [
      ["a.b", 70, 62],
      ["coverage", 62, 63],
      ["everything else", 63, 60],
    ],
  );
  assert.equal(steps({ ...move, to: 63.02 }).length, 2, "what is rounded away is no driver");
  assert.deepEqual(steps({ ...move, from: null }), []);
});

test("the changes that a waterfall shows add up to the scores that it shows", () => {
  const shown = (/** @type {number} */ from, /** @type {number} */ to, /** @type {number[]} */ changes) =>
    steps({ from, to, drivers: changes.map((change) => ({ indicator: "a.b", change })) }).map(({ change }) => change);
  assert.deepEqual(shown(50, 48.98, [-0.34, -0.36, -0.32]), [-0.3, -0.4, -0.3], "each alone adds up to -1.0");
  assert.deepEqual(shown(50, 50.12, [0.04, 0.04, 0.04]), [0.1, 0, 0]);
  let seed = 1;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let round = 0; round < 1_000; round++) {
    const changes = Array.from({ length: 1 + Math.floor(random() * 10) }, () => random() * 8 - 4);
    const from = 40 + random() * 20;
    const to = changes.reduce((sum, change) => sum + change, from);
    const parts = shown(from, to, changes);
    const sum = parts.reduce((sum, part) => sum + part, Number(format.points(from)));
    assert.equal(sum.toFixed(1), format.points(to), `${from} ${changes}`);
    assert.ok(parts.every((part, index) => Math.abs(part - (changes[index] ?? 0)) < 0.15));
  }
});

test("the last 28 days that are over can be asked for", () => {
  assert.deepEqual(days("2026-03-09T10:00:00Z"), ["2026-02-09", "2026-03-08"]);
});

test("a source is as fresh as its newest partition, and waits for what waits in all of them", () => {
  const text = [
    "# TYPE pulsewatch_source_lag_seconds gauge",
    'pulsewatch_source_lag_seconds{partition="0",source="usage"} 12.5',
    'pulsewatch_source_lag_seconds{partition="1",source="usage"} 4',
    'pulsewatch_source_lag_records{partition="0",source="usage"} 3',
    'pulsewatch_source_lag_records{partition="1",source="usage"} 5',
    'pulsewatch_source_stalled{partition="1",source="usage"} 1',
    'pulsewatch_source_lag_records{partition="0",source="billing"} 0',
    "pulsewatch_shards_owned 4",
  ].join("\n");
  assert.deepEqual(freshness(text), [
    { source: "billing", age: Infinity, waiting: 0, isStalled: false },
    { source: "usage", age: 4, waiting: 8, isStalled: true },
  ]);
});

test("cells are quoted where they must be, and none is a formula", () => {
  assert.deepEqual(["a", 'say "a"', "a,b", "=1+1", "-2", "", null].map(quoted), [
    "a",
    '"say ""a"""',
    '"a,b"',
    "'=1+1",
    "'-2",
    "",
    "",
  ]);
  assert.equal(quoted(-2.5), "-2.5");
});

test("any account has an address that leads back to it", () => {
  for (const id of ["acc-1", "a/b", "a?b#c", "ä %", "%"]) {
    const { name, rest } = address(accountAddress(id));
    assert.deepEqual([name, rest], ["account", id]);
  }
  assert.equal(address("#/account/%E0%A4%A").rest, "%E0%A4%A", "what is no encoding stays as it is");
  assert.equal(address("#/accounts?band=red").query.get("band"), "red");
});

test("server-sent events are read line by line", () => {
  assert.deepEqual(serverSent("id: 7-1\nevent: reset\ndata: {}"), { id: "7-1", event: "reset", data: "{}" });
  assert.deepEqual(serverSent(": heartbeat\nid: 7-2"), { id: "7-2", event: "message", data: "" });
});

test("an override says a score or a band, and nothing that was not said", () => {
  const draft = { by: "band", score: "12", band: "red", reason: " r ", author: "a", expires: "" };
  assert.deepEqual(requestOf(draft), { band: "red", reason: "r", author: "a" });
  assert.deepEqual(requestOf({ ...draft, by: "score", expires: "2026-09-01T10:30" }), {
    score: 12,
    reason: "r",
    author: "a",
    expires: "2026-09-01T10:30:00Z",
  });
  assert.equal(requestOf({ ...draft, expires: "2026-09-01T10:30:05" }).expires, "2026-09-01T10:30:05Z");
  assert.deepEqual(requestOf({ ...draft, by: "score", score: " " }), { reason: "r", author: "a" });
});

test("what is sent again has the key that it had, until it was taken", () => {
  const key = keys();
  const [first, again, other] = [key.of({ band: "red" }), key.of({ band: "red" }), key.of({ band: "green" })];
  assert.equal(first, again);
  assert.notEqual(first, other);
  key.spent();
  assert.notEqual(key.of({ band: "green" }), other);
  assert.match(other, /^[!-~]{1,200}$/);
});

test("a refusal says whether it may have been sent, and what to do", () => {
  const error = (/** @type {number} */ status) => refusal({ status, detail: "why", message: "Why." });
  assert.match(error(403), /^Not sent: why\..*write_token_file/);
  assert.match(error(409), /^Not sent: .*why/);
  for (const status of [0, 503, 504]) assert.match(error(status), /^It may not have been sent: Why\. Send it again/);
  for (const status of [404, 413, 429]) assert.equal(error(status), "Not sent: Why.");
});

test("what happened within the curve is marked in its order, and the first model is no change", () => {
  const at = (/** @type {number} */ day) => `2026-01-0${day}T00:00:00Z`;
  const account = {
    models: [
      { name: "m", version: "1", since: null },
      { name: "m", version: "2", since: at(4) },
    ],
    override: { since: at(3), author: "", band: "red", score: 12.5 },
    alerts: [{ alert: "gone_silent", since: at(1) }, { alert: "usage_drop", since: at(2) }, { alert: "old" }],
  };
  const [from, until] = [Date.parse(at(2)) / 1000, Date.parse(at(4)) / 1000];
  const marks = marksOf(/** @type {any} */ (account), from, until);
  assert.deepEqual(
    marks.map(({ kind, text }) => [kind, text]),
    [
      ["alert", "alert usage drop opened"],
      ["override", "somebody said 12.5, red"],
      ["model", "model m, version 2"],
    ],
  );
  assert.equal(marks[1]?.score, 12.5);
});

test("accounts go from the band of a row to that of a column", () => {
  /** @type {any} */
  const flows = [
    { from: "red", to: "green", accounts: 2 },
    { from: "green", to: "green", accounts: 5 },
  ];
  assert.deepEqual(matrix(flows, ["red", "yellow", "green"]), [
    [0, 0, 2],
    [0, 0, 0],
    [0, 0, 5],
  ]);
});
