/** The typed client of the server: language, CSRF, and a problem answer as an error with its code. */
import createClient, { type Middleware } from 'openapi-fetch'

import type { paths } from '@/api/schema'
import type { Problem, ProblemField } from '@/api/types'

const READS = new Set(['GET', 'HEAD'])

/** What the server (or the network) said no with; `message` is already in the user's language. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  /** What is wrong with single fields; each message is for people too. */
  readonly fields: readonly ProblemField[]
  /** The whole answer, for what only some errors tell: the current values of a clash. */
  readonly answer: Readonly<Record<string, unknown>>

  constructor(
    status: number,
    code: string,
    detail: string,
    fields: readonly ProblemField[] = [],
    answer: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.fields = fields
    this.answer = answer
  }
}

let csrfToken: string | null = null
let language = 'vi'
let signedOut: () => void = () => undefined

export function setCsrfToken(token: string | null): void {
  csrfToken = token
}

export function setRequestLanguage(tag: string): void {
  language = tag
}

/** `callback` runs when the server answers that nobody is signed in. */
export function onSignedOut(callback: () => void): void {
  signedOut = callback
}

/** The headers that every request carries, also one that is not sent by `api`. */
export function requestHeaders(method: string): Record<string, string> {
  return {
    'Accept-Language': language,
    ...(READS.has(method) || csrfToken === null ? {} : { 'X-CSRF-Token': csrfToken }),
  }
}

const withHeaders: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(requestHeaders(request.method))) {
      request.headers.set(name, value)
    }
    return request
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === 'AbortError') return error
    return new ApiError(0, 'unreachable', '')
  },
}

export const api = createClient<paths>({
  baseUrl: window.location.origin,
  fetch: (request) => globalThis.fetch(request),
})
api.use(withHeaders)

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** What was asked for; throws ApiError, with status 0 when the server cannot be reached. */
export async function answerOf<T>(asked: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await asked.catch(unreadable)
  if (response.ok) return data as T
  throw errorOf(response.status, error)
}

/** An answer that broke off, or is not of our server: a captive portal answers 200 in HTML. */
function unreadable(error: unknown): never {
  if (error instanceof ApiError) throw error
  if (error instanceof DOMException && error.name === 'AbortError') throw error
  throw new ApiError(0, 'unreachable', '')
}

/** What a problem answer says; a 401 also ends the session here. */
export function errorOf(status: number, answer: unknown): ApiError {
  const problem = (typeof answer === 'object' && answer !== null ? answer : {}) as Partial<Problem>
  if (status === 401) signedOut()
  const { code = 'unknown', detail = '', errors = [] } = problem
  return new ApiError(status, code, detail, errors, problem)
}
