// Requests to the API of the service that served this page.

import { authorization } from "./token.js";

/** @typedef {import("./openapi").components["schemas"]} Schemas */
/** @typedef {Schemas["Account"]} Account */
/** @typedef {Schemas["Accounts"]} Accounts */
/** @typedef {Schemas["AccountSummary"]} AccountSummary */
/** @typedef {Schemas["Alerts"]} Alerts */
/** @typedef {Schemas["OpenAlert"]} OpenAlert */
/** @typedef {Schemas["Segment"]} Segment */
/** @typedef {Schemas["Segments"]} Segments */
/** @typedef {Schemas["WatchedState"]} WatchedSegment */
/** @typedef {Schemas["WatchedSegments"]} WatchedSegments */
/** @typedef {Schemas["WatchedDetails"]} SegmentDetails */
/** @typedef {Schemas["SegmentDayState"]} SegmentDay */
/** @typedef {Schemas["SegmentAlert"]} SegmentAlert */
/** @typedef {Schemas["Model"]} Model */
/** @typedef {Schemas["Indicator"]} Indicator */
/** @typedef {Schemas["SpanMove"]} SpanMove */
/** @typedef {Schemas["OverrideRequest"]} OverrideRequest */
/** @typedef {Schemas["WhatIf"]} WhatIf */
/** @typedef {Schemas["Mistake"]} Mistake */
/** @typedef {Schemas["Band"]} Band */

/** Why a request was not answered, in words for a reader. */
export class RequestError extends Error {
  /**
   * @param {number} status 0 when nobody answered
   * @param {string} message
   * @param {number} retryAfter seconds
   * @param {Partial<Schemas["Problem"]>} [problem] what the service said
   */
  constructor(status, message, retryAfter, problem = {}) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
    this.detail = problem.detail ?? message;
    this.mistakes = problem.errors ?? [];
  }
}

/**
 * @param {string} path
 * @param {{ signal?: AbortSignal, headers?: Record<string, string>, method?: string, body?: string }} [options]
 */
export async function request(path, { signal, headers, ...options } = {}) {
  const init = { ...options, headers: { ...authorization(), ...headers }, signal: signal ?? null, cache: "no-store" };
  let response;
  try {
    response = await fetch(path, /** @type {RequestInit} */ (init));
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new RequestError(0, "The service does not answer. It may be restarting, or the network is away.", 2);
  }
  if (response.ok || response.status === 304) return response;
  throw await refusal(response);
}

/** @param {Response} response */
async function refusal(response) {
  /** @type {Partial<Schemas["Problem"]>} */
  const problem = await response.json().catch(() => ({}));
  const mistakes = (problem.errors ?? []).map((mistake) => `${mistake.parameter} ${mistake.detail}`);
  const text = mistakes.join("; ") || problem.detail || problem.title || `status ${response.status}`;
  return new RequestError(response.status, text, Number(response.headers.get("Retry-After") ?? 2), problem);
}

/**
 * @template T
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<T>}
 */
async function get(path, signal) {
  const response = await request(path, signal ? { signal } : {});
  return response.json();
}

/**
 * One answer for all parts of a view that ask while it is on its way.
 * @template T
 * @param {() => Promise<T>} ask
 */
export function shared(ask) {
  /** @type {Promise<T> | null} */
  let asked = null;
  return () => {
    asked ??= ask().finally(() => {
      asked = null;
    });
    return asked;
  };
}

/** @param {URLSearchParams} query @param {AbortSignal} [signal] @returns {Promise<Accounts>} */
export const accounts = (query, signal) => get(`/api/v1/accounts?${query}`, signal);
/** @param {URLSearchParams} query @param {AbortSignal} [signal] @returns {Promise<Alerts>} */
export const alerts = (query, signal) => get(`/api/v1/alerts?${query}`, signal);
/** @param {AbortSignal} [signal] @returns {Promise<Segments>} */
export const segments = (signal) => get("/api/v1/segments", signal);
/** @param {AbortSignal} [signal] @returns {Promise<WatchedSegments>} */
export const watchedSegments = (signal) => get("/api/v1/watched-segments", signal);
/** One of them, day by day; null when it is none of them. @param {string} id @param {AbortSignal} signal @returns {Promise<SegmentDetails | null>} */
export const watchedSegment = (id, signal) =>
  get(`/api/v1/watched-segments/${encodeURIComponent(id)}`, signal).catch((error) => {
    if (error instanceof RequestError && error.status === 404) return null;
    throw error;
  });
/** @param {AbortSignal} [signal] @returns {Promise<Model>} */
export const model = (signal) => get("/api/v1/model", signal);

/**
 * One account, or null when it is still what `tag` names.
 * @param {string} id
 * @param {string | null} tag
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ account: Account, tag: string | null } | null>}
 */
export async function account(id, tag, signal) {
  /** @type {Record<string, string>} */
  const headers = tag ? { "If-None-Match": tag } : {};
  const response = await request(`/api/v1/accounts/${encodeURIComponent(id)}`, signal ? { signal, headers } : { headers });
  if (response.status === 304) return null;
  return { account: await response.json(), tag: response.headers.get("ETag") };
}

/**
 * Why an account moved since the end of a day.
 * @param {string} id
 * @param {string} since such as `2026-03-02`
 * @param {AbortSignal} [signal]
 * @returns {Promise<SpanMove>}
 */
export const drivers = (id, since, signal) =>
  get(`/api/v1/accounts/${encodeURIComponent(id)}/drivers?${new URLSearchParams({ since })}`, signal);

/** @param {string} id */
const overrideOf = (id) => `/api/v1/accounts/${encodeURIComponent(id)}/override`;

/**
 * Says something of an account; sent again with the same key, it counts once.
 * @param {string} id
 * @param {OverrideRequest} said
 * @param {string} key
 */
export const setOverride = (id, said, key) =>
  request(overrideOf(id), {
    method: "POST",
    body: JSON.stringify(said),
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
  });

/** @param {string} id @param {string} key */
export const clearOverride = (id, key) => request(overrideOf(id), { method: "DELETE", headers: { "Idempotency-Key": key } });

/** What a model would change. @param {string} source @param {AbortSignal} signal @returns {Promise<WhatIf>} */
export async function tryModel(source, signal) {
  const headers = { "Content-Type": "text/plain" };
  const response = await request("/api/v1/model/what-if", { method: "POST", body: source, headers, signal });
  return response.json();
}
