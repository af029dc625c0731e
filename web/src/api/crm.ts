/** The customer's records in CRMs: looked at, brought up to date, chosen. */
import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'

/** One connection's record; `id` is null while there is none, `state` is how far our edits are. */
export type CrmRecord = components['schemas']['CrmView']
export type CrmField = components['schemas']['CrmFieldView']
export type CrmCandidate = components['schemas']['CrmCandidateView']
export type CrmReason = components['schemas']['CrmReasonView']

/** One record of each connection. */
export async function fetchCrm(customerId: string): Promise<CrmRecord[]> {
  const path = { customer_id: customerId }
  const { items } = await answerOf(
    api.GET('/api/v1/customers/{customer_id}/crm', { params: { path } }),
  )
  return items
}

/** Mirror now, ahead of all others; `makeAgain` makes a record anew that was deleted there. */
export function syncCrm(
  customerId: string,
  connection: string,
  { makeAgain }: { makeAgain: boolean },
): Promise<CrmRecord> {
  const path = { customer_id: customerId }
  const body = { connection, make_again: makeAgain }
  return answerOf(
    api.POST('/api/v1/customers/{customer_id}/crm/sync', { params: { path }, body }),
  )
}

/** Say which record is the customer's. Safe to repeat. */
export function linkCrm(
  customerId: string,
  connection: string,
  recordId: string,
): Promise<CrmRecord> {
  const path = { customer_id: customerId }
  const body = { connection, record_id: recordId }
  return answerOf(
    api.POST('/api/v1/customers/{customer_id}/crm/link', { params: { path }, body }),
  )
}
