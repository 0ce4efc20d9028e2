// Each view in a real browser against a real service, whose scores move while the tests run.

import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, test } from "node:test";

import { barriers, base, isTooWide, launch, open, screenshot, setting, shown, token } from "./browser.js";

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
        if (name === "account") await page.locator("summary").first().click();
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
  assert.equal(await page.locator("summary").count(), indicators.length);
  await page.locator("summary").first().press("Enter");
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
  for (const text of ["red", "said by kam@acme.example", "the sponsor has left", "Until "])
    assert.ok((await said.textContent())?.includes(text), text);
  const computed = page.locator("#standing > .body > .score");
  assert.ok((await computed.textContent())?.includes(`${account.override.computed_band} computed`));
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
