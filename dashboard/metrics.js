// How far each source is read, from the instance's own metrics.

import { request } from "./api.js";

/**
 * `age` is how long ago its newest event that was read happened, in seconds; `waiting` is how many records are still to be read.
 * @typedef {{ source: string, age: number, waiting: number, isStalled: boolean }} Freshness
 */

const LINE = /^pulsewatch_source_(lag_seconds|lag_records|stalled)\{(.*)\} (\S+)$/;

/**
 * @param {string} text in Prometheus' text format
 * @returns {Freshness[]} by name
 */
export function freshness(text) {
  /** @type {Map<string, Freshness>} */
  const found = new Map();
  for (const line of text.split("\n")) {
    const [, metric, labels = "", number] = LINE.exec(line) ?? [];
    const [, source] = /source="([^"]*)"/.exec(labels) ?? [];
    if (!source) continue;
    const of = found.get(source) ?? { source, age: Infinity, waiting: 0, isStalled: false };
    if (metric === "lag_seconds") of.age = Math.min(of.age, Number(number));
    else if (metric === "lag_records") of.waiting += Number(number);
    else of.isStalled ||= Number(number) > 0;
    found.set(source, of);
  }
  return [...found.values()].sort((one, other) => one.source.localeCompare(other.source));
}

/** Empty where another instance reads the sources. @param {AbortSignal} [signal] */
export async function sources(signal) {
  const response = await request("/metrics", signal ? { signal } : {});
  return freshness(await response.text());
}
