// Numbers and times as people read them. What is not known is a dash, never 0.

export const NOT_KNOWN = "–";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const exact = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const decimals = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const fine = new Intl.NumberFormat("en", { style: "percent", maximumSignificantDigits: 2 });
const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 0 });
const minute = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
const date = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });

/** What is nearer to 0 is shown as less than this. */
const LEAST = 0.001;

/** @typedef {number | null | undefined} Maybe */

/** @param {Maybe} number @param {Intl.NumberFormat} format */
const show = (number, format) => (number === null || number === undefined ? NOT_KNOWN : format.format(number));

/** @param {Maybe} number */
export const count = (number) => show(number, whole);
/** Money and other large amounts, such as 1.2M. @param {Maybe} number */
export const amount = (number) => show(number, compact);
/** Points of a score. @param {Maybe} number */
export const points = (number) => show(number, tenths);
/** A number of points as it is shown. @param {number} number */
export const shown = (number) => Number(tenths.format(number));
/** Any other number, with four digits that say something. @param {Maybe} number */
export const value = (number) => show(number, exact);
/** The same in a line of its own, where next to nothing need not be told exactly. @param {Maybe} number */
export function rough(number) {
  if (!number || Math.abs(number) >= LEAST) return value(number);
  return number < 0 ? `> −${LEAST}` : `< ${LEAST}`;
}
/** A share of 1. @param {Maybe} number */
export const share = (number) => show(number, percent);
/** How likely something is, 0 to 1: small ones differ by much. @param {Maybe} number */
export const probability = (number) => show(number, fine);

/** A change in points, with its sign; a true minus, as it stands among figures. @param {Maybe} number */
export function change(number) {
  if (number === null || number === undefined) return NOT_KNOWN;
  const text = tenths.format(Math.abs(number));
  if (text === "0.0") return text;
  return (number < 0 ? "−" : "+") + text;
}

/** @param {string | null | undefined} time */
export const time = (time) => (time ? `${minute.format(new Date(time))} UTC` : NOT_KNOWN);
/** @param {string | null | undefined} time */
export const day = (time) => (time ? date.format(new Date(time)) : NOT_KNOWN);

const UNITS = /** @type {const} */ ([
  ["day", 86_400],
  ["h", 3_600],
  ["min", 60],
]);

/** A span in its largest unit. @param {number} seconds */
export function span(seconds) {
  for (const [unit, length] of UNITS) {
    if (seconds >= length) {
      const units = Math.floor(seconds / length);
      return unit === "day" ? `${units} ${units === 1 ? "day" : "days"}` : `${units} ${unit}`;
    }
  }
  return `${Math.max(0, Math.round(seconds))} s`;
}

/** How far a time is from now: `in 3 h` or `2 days ago`. @param {string} time */
export function fromNow(time) {
  const seconds = (Date.parse(time) - Date.now()) / 1000;
  return seconds >= 0 ? `in ${span(seconds)}` : `${span(-seconds)} ago`;
}

const LENGTHS = /** @type {const} */ ({ d: "day", h: "hour", m: "minute", s: "second" });

/** A duration as the model has it: `30d` reads `30 days`. @param {string} text */
export function duration(text) {
  const [, number, unit] = /^(\d+)([dhms])$/.exec(text) ?? [];
  if (!number || !unit) return text;
  return `${number} ${LENGTHS[/** @type {keyof typeof LENGTHS} */ (unit)]}${number === "1" ? "" : "s"}`;
}

const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

/** An attribute of any type. @param {unknown} value */
export function attribute(value) {
  if (typeof value === "number") return decimals.format(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "string") return JSON.stringify(value);
  const time = new Date(value);
  if (!TIME.test(value) || Number.isNaN(time.getTime())) return value;
  return time.getTime() % 86_400_000 === 0 ? date.format(time) : `${minute.format(time)} UTC`;
}

/** An id as words: `finance.days_overdue` reads `finance: days overdue`. @param {string} id */
export const words = (id) => id.replaceAll(/[_-]/g, " ").replace(".", ": ");
