// How long each view takes to show all that it shows, in a fresh browser without anything kept, and how smooth the table of accounts is.
// Run by the test `pages::loads_with_a_hundred_thousand_accounts`.

import { launch, open, shown } from "./browser.js";

const RUNS = 10;
const SCROLL_MS = 2_000;
const VIEWS = {
  overview: "#/",
  accounts: "#/accounts",
  account: "#/account/acc-0000002",
  segments: "#/segments",
  model: "#/model",
};

/** @param {number[]} times */
function told(times) {
  const sorted = times.toSorted((one, other) => one - other);
  const at = (/** @type {number} */ share) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN);
  return `median ${at(0.5)} ms, from ${at(0)} to ${at(1)} ms, ${times.length} times`;
}

const browser = await launch();
for (const [name, address] of Object.entries(VIEWS)) {
  const times = [];
  for (let run = 0; run < RUNS; run++) {
    const { page } = await open(browser, address);
    await shown(page);
    times.push(await page.evaluate(() => performance.now()));
    await page.context().close();
  }
  console.log(`${name}: ${told(times)}`);
}

const { page } = await open(browser, "#/accounts?sort=account");
await shown(page);
const turned = [];
for (let run = 0; run < RUNS; run++) {
  const first = await page.locator("#list tbody a").first().textContent();
  const took = page.evaluate(
    (first) =>
      new Promise((resolve) => {
        const started = performance.now();
        const look = () => {
          if (document.querySelector("#list tbody a")?.textContent !== first) resolve(performance.now() - started);
          else requestAnimationFrame(look);
        };
        look();
      }),
    first,
  );
  await page.getByRole("button", { name: "Next" }).click();
  turned.push(await took);
}
console.log(`next page of accounts: ${told(turned)}`);

const frames = await page.evaluate(
  (until) =>
    new Promise((resolve) => {
      /** @type {number[]} */
      const gaps = [];
      let before = performance.now();
      const end = before + until;
      const step = (/** @type {number} */ now) => {
        gaps.push(now - before);
        before = now;
        scrollTo(0, (document.documentElement.scrollHeight * (1 + Math.sin(now / 200))) / 2);
        if (now < end) requestAnimationFrame(step);
        else resolve(gaps.slice(1));
      };
      requestAnimationFrame(step);
    }),
  SCROLL_MS,
);
console.log(`between two frames while scrolling: ${told(frames)}`);
await browser.close();
