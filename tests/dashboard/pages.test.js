// Each view in a real browser against a real service, whose scores move while the tests run.

import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, test } from "node:test";

import { barriers, base, isTooWide, launch, open, screenshot, setting, shown, token, writeToken } from "./browser.js";

/** @type {any} */
let browser;
/** @type {string} */
let worst;
/** The account of which a human has said something. @type {string} */
const overridden = setting("PULSEWATCH_TEST_OVERRIDDEN");
/** A segment that is watched. */
const watched = "segment=students";

/** What the API answers. @param {string} path */
async function api(path) {
  const answer = await fetch(`${base}${path}`, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200, path);
  return answer.json();
}

before(async () => {
  browser = await launch();
  worst = (await api("/api/v1/accounts?limit=1&sort=trend")).accounts[0].account;
});
after(() => browser.close());

const VIEWS = {
  overview: "#/",
  accounts: "#/accounts",
  account: null,
  overridden: `#/account/${overridden}`,
  segments: "#/segments",
  segment: `#/segment/${encodeURIComponent(watched)}`,
  model: "#/model",
};

for (const [name, fixed] of Object.entries(VIEWS)) {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 390]) {
      test(`${name} can be read by all, ${colorScheme}, at ${width} px`, async () => {
        const { page, troubles } = await open(browser, fixed ?? `#/account/${worst}`, {
          colorScheme,
          viewport: { width, height: 900 },
        });
        await shown(page);
        if (name === "account")
          for (const part of ["#override", "#made-of"]) await page.locator(`${part} summary`).first().click();
        await page.locator('#live[data-state="live"]').waitFor();
        await screenshot(page, `${name}-${width}-${colorScheme}`);
        assert.equal(await isTooWide(page), false, "it scrolls sideways");
        assert.deepEqual(await barriers(page), []);
        assert.equal(await page.locator(".failure").count(), 0);
        assert.deepEqual(troubles, []);
        await page.context().close();
      });
    }
  }
}

test("the token is asked for, and kept in the tab alone", async () => {
  const { page } = await open(browser, "", { known: "" });
  const field = page.getByLabel("Token");
  await field.fill("wrong");
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText("does not know this token").waitFor();
  assert.deepEqual(await barriers(page), []);
  await screenshot(page, "token");
  await field.fill(token);
  await field.press("Enter");
  await shown(page);
  await page.locator('#live[data-state="live"]').waitFor();
  assert.equal(await page.evaluate(() => JSON.stringify(localStorage).includes("token")), false);
  await page.context().close();
});

test("the overview counts every account, and leads to those of a band", async () => {
  const { page } = await open(browser, "");
  await shown(page);
  const { total } = await api("/api/v1/accounts?limit=1");
  assert.match((await page.locator("#bands .lead").textContent()) ?? "", new RegExp(`^${total} accounts`));
  await page.locator(".tile.green").click();
  await page.locator("#list .pages").waitFor();
  assert.match(page.url(), /#\/accounts\?band=green$/);
  assert.equal(await page.locator("#list tbody .band:not(.green)").count(), 0);
  await page.context().close();
});

test("the table of accounts is what its address says, forth and back", async () => {
  const { page } = await open(browser, "#/accounts?sort=account");
  await shown(page);
  const first = page.locator("#list tbody a").first();
  const ids = (await api("/api/v1/accounts?sort=account&limit=500")).accounts.map(({ account }) => account);
  assert.equal(await first.textContent(), ids[0]);
  await page.getByRole("button", { name: "Next" }).click();
  await page.waitForFunction((id) => document.querySelector("#list tbody a")?.textContent === id, ids[50]);
  await page.reload();
  await shown(page);
  assert.equal(await first.textContent(), ids[50], "the page is in the address");
  await page.goBack();
  await page.waitForFunction((id) => document.querySelector("#list tbody a")?.textContent === id, ids[0]);
  await page.getByRole("button", { name: "Account", exact: true }).press("Enter");
  await page.waitForFunction((id) => document.querySelector("#list tbody a")?.textContent === id, ids.at(-1));
  assert.match(page.url(), /sort=-account/);
  assert.equal(await page.evaluate(() => document.activeElement?.textContent?.startsWith("Account")), true, "the focus stays");
  await page.getByLabel("Search").fill(ids[3].toUpperCase());
  await page.waitForFunction(() => document.querySelectorAll("#list tbody tr").length === 1);
  assert.equal(await first.textContent(), ids[3]);
  await page.getByLabel("Search").fill("nobody is called this");
  await page.getByText("No account fits these filters.").waitFor();
  await page.context().close();
});

test("every account that fits is exported", async () => {
  const { page } = await open(browser, "#/accounts?sort=account");
  await shown(page);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export CSV" }).click()]);
  const lines = fs
    .readFileSync(await download.path(), "utf8")
    .trimEnd()
    .split("\r\n");
  const ids = (await api("/api/v1/accounts?sort=account&limit=500")).accounts.map(({ account }) => account);
  assert.deepEqual(
    lines.slice(1).map((line) => line.split(",")[0]),
    ids,
  );
  await page.context().close();
});

test("an account shows the numbers behind an indicator, and an unknown one that there is none", async () => {
  const { page } = await open(browser, `#/account/${encodeURIComponent(worst)}`);
  await shown(page);
  await page.locator("#history canvas").waitFor();
  const { indicators } = await api(`/api/v1/accounts/${encodeURIComponent(worst)}`);
  const summaries = page.locator("#made-of summary");
  assert.equal(await summaries.count(), indicators.length);
  await summaries.first().press("Enter");
  const behind = page.locator(".behind").first();
  await behind.locator("canvas").waitFor();
  assert.ok((await behind.textContent())?.includes(indicators[0].readings[0].reading));
  await page.goto(`${base}/#/account/nobody`);
  await page.locator(".failure").first().waitFor();
  await page.context().close();
});

test("what a human has said stands beside what was computed", async () => {
  const { page } = await open(browser, `#/account/${overridden}`);
  await shown(page);
  const account = await api(`/api/v1/accounts/${overridden}`);
  const said = page.locator("#standing .override");
  for (const text of ["red", "said by kam@acme.example", "the sponsor has left", "until "])
    assert.ok((await said.textContent())?.includes(text), text);
  const computed = page.locator("#standing > .body > .score");
  assert.ok((await computed.textContent())?.includes(`${account.override.computed_band} computed`));
  await page.context().close();
});

/** The changes that the waterfall shows, in points. */
const changes = (page) =>
  page
    .locator("#why tbody tr:not(.end) td.number")
    .evaluateAll((cells) => cells.map((cell) => Number(cell.textContent?.replace("−", "-"))));

test("why a score moved is told over a week, since a day, and of the last move, with the keyboard alone", async () => {
  const { page } = await open(browser, `#/account/${worst}`);
  await shown(page);
  const { moves } = await api(`/api/v1/accounts/${worst}`);
  assert.equal(moves["7d"].not_known, null);
  const told = await changes(page);
  assert.equal(told.length, moves["7d"].drivers.length);
  const sum = (/** @type {number[]} */ numbers) => numbers.reduce((one, other) => one + other, 0);
  assert.ok(Math.abs(sum(told) - moves["7d"].change) < 0.1 * (told.length + 1), `${told} is not ${moves["7d"].change}`);
  await page.locator("#why").getByLabel("7 days").focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("#why").getByLabel("28 days").isChecked(), true);
  await page.locator("#why").getByText("The account had not been scored by then.").waitFor();
  await page.keyboard.press("ArrowRight");
  await page.locator("#why").getByText("The last move, on").waitFor();
  await page.keyboard.press("ArrowRight");
  await page.locator("#why .empty").getByText("Say a day from").waitFor();
  const field = page.getByLabel("Since the end of this day");
  const day = moves["7d"].since.slice(0, 10);
  await field.fill(day);
  await page.locator("#why table").waitFor();
  const since = await api(`/api/v1/accounts/${worst}/drivers?since=${day}`);
  assert.equal((await changes(page)).length, since.drivers.length);
  await field.fill("2001-01-01");
  await page.locator("#why .empty").getByText("Say a day from").waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.context().close();
});

for (const [colorScheme, width] of /** @type {const} */ ([
  ["light", 1280],
  ["dark", 390],
])) {
  test(`a day that is clicked in the chart tells why since then, ${colorScheme}, at ${width} px`, async () => {
    const { page } = await open(browser, `#/account/${worst}`, { colorScheme, viewport: { width, height: 900 } });
    await shown(page);
    const chart = page.locator("#history .u-over");
    await chart.waitFor();
    const box = await chart.boundingBox();
    // What the page was told: events go on, and another answer would be a later one.
    const answered = page.waitForResponse("**/drivers?*");
    await chart.click({ position: { x: (box?.width ?? 0) * 0.7, y: 20 } });
    const { since, drivers } = await (await answered).json();
    await page.locator("#why").getByText("Since the end of").waitFor();
    const day = await page.getByLabel("Since the end of this day").inputValue();
    assert.match(day, /^\d{4}-\d\d-\d\d$/);
    assert.equal(since.slice(0, 10), day);
    assert.equal((await changes(page)).length, drivers.length);
    assert.deepEqual(await barriers(page), []);
    assert.equal(await isTooWide(page), false);
    await screenshot(page, `why-${width}-${colorScheme}`);
    await page.context().close();
  });
}

test("an answer that is on its way, fails, or is not known is said to be", async () => {
  const { page } = await open(browser, `#/account/${worst}`);
  await shown(page);
  let answer = () => {};
  const asked = new Promise((resolve) => (answer = () => resolve(undefined)));
  await page.route("**/drivers?*", async (route) => {
    await asked;
    await route.fulfill({
      status: 503,
      contentType: "application/problem+json",
      body: '{"title":"t","status":503,"detail":"away"}',
    });
  });
  const { moves } = await api(`/api/v1/accounts/${worst}`);
  await page.getByLabel("Since the end of this day").fill(moves["7d"].since.slice(0, 10));
  await page.locator("#why .loading").waitFor();
  answer();
  await page.locator("#why .failure").getByText("away").waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.unroute("**/drivers?*");
  const unknown = { ...moves["7d"], drivers: [], not_known: "not_kept" };
  await page.route("**/drivers?*", (route) => route.fulfill({ json: { account: worst, as_of: moves["7d"].since, ...unknown } }));
  await page.locator("#why").getByRole("button", { name: "Try again" }).press("Enter");
  await page.locator("#why .empty").getByText("It is not known that far back.").waitFor();
  assert.deepEqual(await barriers(page), []);
  await screenshot(page, "why-not-known");
  await page.context().close();
});

/** Opens the form of an override and fills it in. */
async function fillOverride(page, { score, reason, author }) {
  await page.getByText("Say a score or a band").click();
  await page.getByLabel("a score").check();
  await page.getByLabel("Score", { exact: true }).fill(score);
  await page.getByLabel("Reason").fill(reason);
  await page.getByLabel("Who says so").fill(author);
}

for (const [colorScheme, width] of /** @type {const} */ ([
  ["light", 1280],
  ["dark", 390],
])) {
  test(`what is wrong with an override stands next to its field, ${colorScheme}, at ${width} px`, async () => {
    const { page } = await open(browser, `#/account/${worst}`, {
      known: writeToken,
      colorScheme,
      viewport: { width, height: 900 },
    });
    await shown(page);
    await fillOverride(page, { score: "101", reason: "", author: "kam@acme.example" });
    await page.getByLabel("Until").fill("2020-01-01T00:00");
    await page.getByRole("button", { name: "Say so" }).click();
    await page.locator("#override-score-error").getByText("is a number from 0 to 100").waitFor();
    assert.match((await page.locator("#override-reason-error").textContent()) ?? "", /^is a text/);
    assert.equal(await page.locator("#override-expires-error").textContent(), "is in the past");
    assert.equal(await page.locator("#override-author-error").textContent(), "");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "override-score");
    assert.deepEqual(await barriers(page), []);
    assert.equal(await isTooWide(page), false);
    await screenshot(page, `override-mistakes-${width}-${colorScheme}`);
    await page.context().close();
  });
}

test("an override is said, shown, and taken back, with the keyboard alone", async () => {
  const { page } = await open(browser, `#/account/${worst}`, { known: writeToken });
  await shown(page);
  await page.locator('#live[data-state="live"]').waitFor();
  /** @type {string[]} */
  const keys = [];
  page.on("request", (request) => {
    if (request.method() !== "GET") keys.push(request.headers()["idempotency-key"] ?? "");
  });
  await fillOverride(page, { score: "12.5", reason: "they have said so", author: "kam@acme.example" });
  await page.getByLabel("Who says so").press("Enter");
  await page.locator("#override .said").getByText("Sent; it shows in a moment.").waitFor();
  assert.equal(await page.getByLabel("Reason").inputValue(), "", "nothing is left to be sent twice");
  await page.locator("#override .said").getByText("It is in force.").waitFor();
  const said = page.locator("#standing .override");
  for (const text of ["12.5", "red", "said by kam@acme.example", "they have said so", "until it is taken back"])
    assert.ok((await said.textContent())?.includes(text), text);
  await page.locator("#history .marks").getByText("kam@acme.example said 12.5, red").waitFor();
  const back = page.locator("#override").getByRole("button", { name: "Take it back" });
  await back.press("Enter");
  await page.locator("dialog").waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Take it back", "the focus goes back");
  await back.press("Enter");
  await page.locator("dialog").getByRole("button", { name: "Take it back" }).press("Enter");
  await page.locator("#override .said").getByText("It is taken back.").waitFor();
  await said.waitFor({ state: "detached" });
  assert.equal(new Set(keys).size, 2, "a key each, and nothing sent for what was not confirmed");
  await page.context().close();
});

test("who may only read is told so, and goes on with another token and what was typed", async () => {
  const { page } = await open(browser, `#/account/${worst}`);
  await shown(page);
  await fillOverride(page, { score: "12", reason: "kept", author: "kam@acme.example" });
  await page.getByRole("button", { name: "Say so" }).click();
  await page.getByText("It takes a token that may write").waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.getByRole("button", { name: "Enter the write token" }).click();
  await page.getByLabel("Token").fill(writeToken);
  await page.getByLabel("Token").press("Enter");
  await shown(page);
  assert.equal(await page.getByLabel("Reason").inputValue(), "kept");
  await page.context().close();
});

test("an override that nothing can carry, or that is on its way, is said to be", async () => {
  const { page } = await open(browser, `#/account/${worst}`);
  await shown(page);
  let answer = (/** @type {number} */ _) => {};
  const asked = new Promise((resolve) => (answer = resolve));
  await page.route("**/override", async (route) => {
    await asked;
    await route.fulfill({
      status: 409,
      contentType: "application/problem+json",
      body: '{"title":"Conflict","status":409,"detail":"add a [[source]]"}',
    });
  });
  await fillOverride(page, { score: "12", reason: "r", author: "a" });
  await page.getByRole("button", { name: "Say so" }).click();
  await page.locator("#override .said").getByText("Sending…").waitFor();
  assert.equal(await page.getByRole("button", { name: "Say so" }).isDisabled(), true);
  answer(409);
  await page.getByText("add a [[source]]").waitFor();
  assert.equal(await page.getByRole("button", { name: "Say so" }).isEnabled(), true);
  await page.context().close();
});

for (const [colorScheme, width] of /** @type {const} */ ([
  ["light", 1280],
  ["dark", 390],
])) {
  test(`a model is tried, right and wrong, ${colorScheme}, at ${width} px`, async () => {
    const { page } = await open(browser, "#/model", { colorScheme, viewport: { width, height: 900 } });
    await shown(page);
    await page.getByRole("button", { name: "Start from the one in force" }).click();
    const model = page.getByLabel("Another model, as TOML");
    await page.waitForFunction(() => document.querySelector("textarea")?.value);
    const source = await model.inputValue();
    const result = page.locator("#what-if .result");
    await page.getByRole("button", { name: "Try it" }).click();
    await result.getByText("this is the model in force").waitFor();
    await result.getByText("No score would be another one.").waitFor();

    await model.fill(source.replace("weight = 30", "weight = 3"));
    await page.getByRole("button", { name: "Try it" }).press("Enter");
    const link = result.getByRole("table", { name: "Largest moves" }).getByRole("link").first();
    await link.waitFor();
    const flows = await result.getByRole("table", { name: "Accounts from band to band" }).locator("td").allTextContents();
    const scored = await result.locator(".facts dd").first().textContent();
    assert.equal(String(flows.reduce((sum, count) => sum + Number(count.replace(",", "")), 0)), scored?.replace(",", ""));
    assert.deepEqual(await barriers(page), []);
    assert.equal(await isTooWide(page), false);
    await screenshot(page, `what-if-${width}-${colorScheme}`);
    const account = await link.textContent();
    await link.click();
    await page.locator("h1").getByText(account, { exact: true }).waitFor();

    await page.goBack();
    await shown(page);
    await model.fill(source.replace("weight = 30", "wieght = 30"));
    await page.getByRole("button", { name: "Try it" }).click();
    await result.getByText("This is no model").waitFor();
    assert.match((await result.locator("pre").textContent()) ?? "", /12 │ wieght = 30\n[^\n]*┬/);
    assert.deepEqual(await barriers(page), []);
    assert.equal(await isTooWide(page), false);
    await screenshot(page, `what-if-wrong-${width}-${colorScheme}`);
    await page.context().close();
  });
}

test("a model that is being tried is, and of a sample it is said that it is one", async () => {
  const { page } = await open(browser, "#/model");
  await shown(page);
  const model = page.getByLabel("Another model, as TOML");
  const { source } = await api("/api/v1/model");
  await model.fill(source);
  let answer = () => {};
  const asked = new Promise((resolve) => (answer = () => resolve(undefined)));
  await page.route("**/what-if", async (route) => {
    await asked;
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), complete: false } });
  });
  await page.getByRole("button", { name: "Try it" }).click();
  await page.getByText("Scoring the accounts by both").waitFor();
  assert.equal(await page.getByRole("button", { name: "Try it" }).getAttribute("aria-disabled"), "true");
  answer();
  await page.getByText("A sample only").waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.context().close();
});

test("what happened while a score moved is marked in its curve, and said", async () => {
  const { page } = await open(browser, "#/model");
  const account = await api(`/api/v1/accounts/${overridden}`);
  const since = account.history.at(-1).day;
  const [models, alerts] = [
    [{ name: "default", version: "0123abcd", since }],
    [{ alert: "gone-silent", severity: "high", since }],
  ];
  await page.route(`**/api/v1/accounts/${overridden}`, (route) => route.fulfill({ json: { ...account, models, alerts } }));
  await page.goto(`${base}/#/account/${overridden}`);
  await page.locator("#history canvas").waitFor();
  const marks = await page.locator("#history .marks").textContent();
  assert.ok(marks?.includes("model default, version 0123abcd"), marks ?? "");
  assert.ok(marks?.includes("kam@acme.example said red"), marks ?? "");
  assert.ok(marks?.includes("alert gone silent opened"), marks ?? "");
  await screenshot(page, "marks");
  await page.context().close();
});

test("a segment says who moved it, and leads to its accounts", async () => {
  const { page } = await open(browser, "#/segments");
  await shown(page);
  await page
    .locator("#moving")
    .getByRole("link", { name: watched.replace("segment=", "") })
    .click();
  await page.locator("#change table").waitFor();
  const { segments } = await api("/api/v1/watched-segments");
  const { accounts } = segments.find((/** @type {any} */ { segment }) => segment === watched);
  await page
    .locator("#standing")
    .getByRole("link", { name: String(accounts) })
    .click();
  await page.locator("#list .pages").getByText(`${accounts} accounts`, { exact: true }).waitFor();
  await page.goto(`${base}/#/segment/plan%3Dnone`);
  await page.locator(".failure").getByText("watches no segment plan=none").waitFor();
  await page.context().close();
});

test("a segment shows its days, and says so when they cannot be had", async () => {
  const address = `**/api/v1/watched-segments/${encodeURIComponent(watched)}`;
  const { history } = await api(`/api/v1/watched-segments/${encodeURIComponent(watched)}`);
  assert.ok(history.length >= 2, JSON.stringify(history));
  const { page } = await open(browser, `#/segment/${encodeURIComponent(watched)}`);
  await page.locator("#history canvas").nth(1).waitFor();
  const label = (/** @type {number} */ chart) => page.locator("#history .chart").nth(chart).getAttribute("aria-label");
  const [scores, bands] = [await label(0), await label(1)];
  assert.match(scores ?? "", /^Mean score from .* to .*: from [\d.]+ to [\d.]+$/);
  assert.match(bands ?? "", /red from \d+% to \d+%/);
  // It comes from the checkpoints: without Redis the rest stays.
  const away = { title: "Service Unavailable", status: 503, detail: "Redis does not answer; lists are answered all the same" };
  await page.route(address, (route) =>
    route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify(away) }),
  );
  await page.reload();
  await page.locator("#history .failure").getByText("Redis does not answer").waitFor();
  await page.locator("#change table").waitFor();
  assert.deepEqual(await barriers(page), []);
  // A segment that is new has no line yet.
  await page.unroute(address);
  const one = { ...(await api(`/api/v1/watched-segments/${encodeURIComponent(watched)}`)), history: history.slice(-1) };
  await page.route(address, (route) => route.fulfill({ json: one }));
  await page.getByRole("button", { name: "Try again" }).press("Enter");
  await page.locator("#history .empty").getByText("The first day is not over yet.").waitFor();
  await page.context().close();
});

test("what moves is seen without a reload", async () => {
  const { page } = await open(browser, "#/accounts?sort=-as_of");
  await shown(page);
  const newest = () => document.querySelector("#list time")?.getAttribute("datetime") ?? "";
  const before = await page.evaluate(newest);
  await page.waitForFunction((before) => (document.querySelector("#list time")?.getAttribute("datetime") ?? "") > before, before);
  await page.context().close();
});

test("a stream that breaks is said, and taken up again", async () => {
  const { page } = await open(browser, "#/model");
  await page.route("**/api/v1/stream", (route) => route.abort());
  await page.reload();
  await page.locator('#live[data-state="reconnecting"]').waitFor();
  await page.unroute("**/api/v1/stream");
  await page.locator('#live[data-state="live"]').waitFor();
  await page.context().close();
});

test("a part that fails says so, leaves the others alone, and can be tried again", async () => {
  const { page } = await open(browser, "#/model");
  const refuse = (/** @type {any} */ route) =>
    route.fulfill({
      status: 503,
      contentType: "application/problem+json",
      body: '{"title":"Service Unavailable","status":503,"detail":"the table is being filled"}',
    });
  await page.route("**/api/v1/alerts?*", refuse);
  await page.goto(`${base}/#/`);
  await page.locator("#alerts .failure").getByText("the table is being filled").waitFor();
  await page.locator("#movers table, #movers .empty").waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.unroute("**/api/v1/alerts?*");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator("#alerts .failure").waitFor({ state: "detached" });
  await page.context().close();
});

test("a view whose files are gone says what to do", async () => {
  const { page } = await open(browser, "#/segments");
  await shown(page);
  await page.route("**/views/model.js", (route) => route.abort());
  await page.getByRole("link", { name: "Model" }).click();
  await page.getByText("This view cannot be loaded.").waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.unroute("**/views/model.js");
  await page.getByRole("button", { name: "Load the page again" }).click();
  await page.locator("#scorecards").waitFor();
  await page.context().close();
});

test("without a mouse one skips to the content and changes the colours, which stay", async () => {
  const { page } = await open(browser, "#/model", { colorScheme: "light" });
  await shown(page);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.className), "skip");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
  assert.match(page.url(), /#\/model$/);
  await page.getByRole("button", { name: "Use dark colours" }).press("Enter");
  await page.reload();
  await page.getByRole("button", { name: "Use light colours" }).waitFor();
  await page.context().close();
});
