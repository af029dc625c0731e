/** The scripts that a customer is on: what is sent, what comes next, and why not. */
import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'
import type { Page } from '@/api/types'

type Schemas = components['schemas']

/** `reason`: why it was stopped; `waiting`: why it does not go on. A `place` counts from 0. */
export type Enrolment = Schemas['EnrolmentView']
export type StepResult = Schemas['StepResultView']
export type UpcomingStep = Schemas['UpcomingView']
export type Attached = Schemas['AttachedScripts']['items'][number]
export type EnrolmentAction = Schemas['EnrolmentEditBody']['action']

/** A script that may be attached now. `first_at` null: nothing of it would be due. */
export interface OfferedScript {
  id: string
  name: string
  steps: number
  first_at: string | null
}

/** The block of the sidebar: all that run, then the newest that ended. */
export interface CustomerScripts {
  offered: OfferedScript[]
  enrolments: Enrolment[]
  upcoming: UpcomingStep[]
  opted_out: boolean
}

const ENROLMENTS = '/api/v1/customers/{customer_id}/enrolments'
const ENROLMENT = `${ENROLMENTS}/{enrolment_id}` as const

/** All that were ever attached, newest first. */
export function fetchEnrolments(
  customer_id: string,
  { cursor, limit }: { cursor: string | null; limit: number },
): Promise<Page<Enrolment>> {
  const query = { limit, ...(cursor === null ? {} : { cursor }) }
  return answerOf(api.GET(ENROLMENTS, { params: { path: { customer_id }, query } }))
}

/** Answered script by script. Safe to repeat: what runs already is not begun again. */
export async function attachScripts(
  customer_id: string,
  scriptIds: readonly string[],
  conversation_id: string,
): Promise<Attached[]> {
  const body = { script_ids: [...scriptIds], conversation_id }
  const { items } = await answerOf(
    api.POST(ENROLMENTS, { params: { path: { customer_id } }, body }),
  )
  return items
}

export function steerEnrolment(
  customer_id: string,
  enrolment_id: string,
  action: EnrolmentAction,
): Promise<Enrolment> {
  const path = { customer_id, enrolment_id }
  return answerOf(api.PATCH(ENROLMENT, { params: { path }, body: { action } }))
}

/** Nothing more of it goes out. */
export async function detachEnrolment(customer_id: string, enrolment_id: string): Promise<void> {
  await answerOf(api.DELETE(ENROLMENT, { params: { path: { customer_id, enrolment_id } } }))
}
