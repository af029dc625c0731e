/** The scripts that a customer is on: what is sent, what comes next, and why not. */
import { ApiError, errorOf, requestHeaders } from '@/api/client'
import type { Page } from '@/api/types'

/** A sentence for people, with the code that it stands for. */
export interface Reason {
  code: string
  vi: string
  en: string
}

export type StepOutcome = 'sent' | 'waiting' | 'uncertain' | 'skipped' | 'failed'

/** `place` counts from 0; null: the step is not in the script any more. Times are ISO 8601 in UTC. */
export interface StepResult {
  step_id: string
  place: number | null
  result: StepOutcome
  at: string
  reason: Reason | null
  message_id: string | null
}

/** `at` null: it waits for something else than a time, or is paused. */
export interface NextStep {
  step_id: string
  place: number | null
  at: string | null
  text: string | null
}

/** A script attached to a customer. `reason`: why it was stopped; `waiting`: why it does not go on. */
export interface Enrolment {
  id: string
  script: { id: string; name: string }
  conversation_id: string | null
  status: 'active' | 'paused' | 'done' | 'stopped'
  reason: Reason | null
  waiting: Reason | null
  started_at: string
  by: { id: string; name: string } | null
  via: 'staff' | 'tag_added' | 'first_message' | 'keyword' | 'cron'
  progress: { done: number; total: number }
  next: NextStep | null
  last: StepResult | null
  log: StepResult[]
  paused_at: string | null
  ended_at: string | null
}

/** A script that may be attached now. `first_at` null: nothing of it would be due. */
export interface OfferedScript {
  id: string
  name: string
  steps: number
  first_at: string | null
}

/** One message to come; `text` as it would be sent, null for files alone. */
export interface UpcomingStep {
  enrolment_id: string
  script_id: string
  script_name: string
  step_id: string
  place: number | null
  at: string
  text: string | null
}

/** The block of the sidebar: all that run, then the newest that ended. */
export interface CustomerScripts {
  offered: OfferedScript[]
  enrolments: Enrolment[]
  upcoming: UpcomingStep[]
  opted_out: boolean
}

export interface Attached {
  script_id: string
  outcome: 'created' | 'already_active' | 'ran_already' | 'never_due'
  reason: Reason | null
  enrolment: Enrolment | null
}

export type EnrolmentAction = 'pause' | 'resume' | 'skip'

/** All that were ever attached, newest first. */
export function fetchEnrolments(
  customerId: string,
  { cursor, limit }: { cursor: string | null; limit: number },
): Promise<Page<Enrolment>> {
  const query = new URLSearchParams({ limit: String(limit) })
  if (cursor !== null) query.set('cursor', cursor)
  return ask('GET', `${enrolmentsOf(customerId)}?${query.toString()}`)
}

/** Answered script by script. Safe to repeat: what runs already is not begun again. */
export async function attachScripts(
  customerId: string,
  scriptIds: readonly string[],
  conversationId: string,
): Promise<Attached[]> {
  const body = { script_ids: scriptIds, conversation_id: conversationId }
  const { items } = await ask<{ items: Attached[] }>('POST', enrolmentsOf(customerId), body)
  return items
}

export function steerEnrolment(
  customerId: string,
  id: string,
  action: EnrolmentAction,
): Promise<Enrolment> {
  return ask('PATCH', `${enrolmentsOf(customerId)}/${id}`, { action })
}

/** Nothing more of it goes out. */
export async function detachEnrolment(customerId: string, id: string): Promise<void> {
  await ask('DELETE', `${enrolmentsOf(customerId)}/${id}`)
}

function enrolmentsOf(customerId: string): string {
  return `/api/v1/customers/${customerId}/enrolments`
}

export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers = { ...requestHeaders(method), 'Content-Type': 'application/json' }
  const asked = fetch(new Request(new URL(path, window.location.origin), {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }))
  const response = await asked.catch(() => {
    throw new ApiError(0, 'unreachable', '')
  })
  const answer: unknown = response.status === 204 ? null : await response.json().catch(() => null)
  if (!response.ok) throw errorOf(response.status, answer)
  return answer as T
}
