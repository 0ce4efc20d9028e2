// A real Chromium at a running service.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import fs from "node:fs";

/** @param {string} name */
export function setting(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run this through tests/run and its test of the pages`);
  return value;
}

export const base = setting("PULSEWATCH_TEST_URL");
export const token = setting("PULSEWATCH_TEST_TOKEN");
/** The one that may also change things. */
export const writeToken = setting("PULSEWATCH_TEST_WRITE_TOKEN");
const require = createRequire(`${setting("PULSEWATCH_TEST_NODE_MODULES")}/`);
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const shots = setting("PULSEWATCH_TEST_SCREENSHOTS");

/** What one waits for comes within this, or the test has failed. */
const DEADLINE_MS = 20_000;
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

export const launch = () =>
  chromium.launch({ executablePath: process.env.PULSEWATCH_TEST_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

/** A page with the token, of which `troubles` tells: errors, broken policies, requests to elsewhere. */
export async function open(browser, address, options = {}) {
  const { known = token, ...context } = options;
  const opened = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...context });
  if (known) await opened.addInitScript((token) => sessionStorage.setItem("pulsewatch.token", token), known);
  const page = await opened.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  const troubles = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) troubles.push(message.text());
  });
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("request", (request) => {
    if (!/^(blob:|data:)/.test(request.url()) && !request.url().startsWith(`${base}/`)) troubles.push(`asked ${request.url()}`);
  });
  await page.goto(`${base}/${address}`);
  return { page, troubles };
}

/** Every panel shows something. */
export const shown = (page) =>
  page.waitForFunction(() => document.querySelector("main h1") && !document.querySelector("main .loading"));

/** What is against WCAG 2.2 AA. */
export async function barriers(page) {
  await page.evaluate(axe);
  const found = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules }), RULES);
  assert.ok(found.passes.length > 10, "axe has looked at something");
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}

export const isTooWide = (page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);

export async function screenshot(page, name) {
  fs.mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
}
