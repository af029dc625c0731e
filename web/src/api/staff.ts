/** The members of staff, and what admins do about them. */
import { answerOf, api } from '@/api/client'
import { everything } from '@/api/paging'
import type { components } from '@/api/schema'

type Schemas = components['schemas']

export type StaffMember = Schemas['StaffView']
export type Role = StaffMember['role']
export type StaffChange = Partial<Schemas['StaffEditBody']>
export type ResetLink = Schemas['ResetLinkView']
export type Handover = Schemas['inbox__splitting__handover__routes__HandoverView']

const PERSON = '/api/v1/staff/{staff_id}'
const HANDOVER = '/api/v1/staff/{staff_id}/handover'

/** Everybody, also those who are no longer active. */
export function fetchStaff(): Promise<StaffMember[]> {
  return everything((query) => answerOf(api.GET('/api/v1/staff', { params: { query } })))
}

export function createStaff(body: Schemas['NewStaffBody']): Promise<StaffMember> {
  return answerOf(api.POST('/api/v1/staff', { body }))
}

/** What is not named stays. A new role, and `active: false`, end the person's sessions. */
export function editStaff(staff_id: string, change: StaffChange): Promise<StaffMember> {
  const params = { path: { staff_id } }
  return answerOf(api.PATCH(PERSON, { params, body: change as Schemas['StaffEditBody'] }))
}

/** Nobody can sign in as them any more; what they wrote stays theirs. Safe to repeat. */
export async function deactivateStaff(staff_id: string): Promise<void> {
  await answerOf(api.DELETE(PERSON, { params: { path: { staff_id } } }))
}

/** A link for a new password; an earlier one ends. It is shown this once. */
export function makeResetLink(staff_id: string): Promise<ResetLink> {
  const params = { path: { staff_id } }
  return answerOf(api.POST('/api/v1/staff/{staff_id}/password-reset', { params }))
}

/** Everything of theirs goes to a colleague, or to whoever it is split to (null). */
export function beginHandover(staff_id: string, to: string | null): Promise<Handover> {
  return answerOf(api.POST(HANDOVER, { params: { path: { staff_id } }, body: { to } }))
}

export function fetchHandover(staff_id: string): Promise<Handover> {
  return answerOf(api.GET(HANDOVER, { params: { path: { staff_id } } }))
}
