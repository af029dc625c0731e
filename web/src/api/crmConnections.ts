/** Connections to CRMs as admins see them; what they are stands in config.yaml. */
import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'
import type { Page } from '@/api/types'

type Schemas = components['schemas']

export type CrmConnection = Schemas['CrmConnectionView']
export type MappedField = Schemas['MappedFieldView']
export type CrmCheck = Schemas['CheckView']
export type CrmReport = Schemas['CrmReportView']
export type CrmBackfill = Schemas['BackfillView']
export type Parked = Schemas['crm_sync__administering__view__ParkedView']
export type ParkedKind = Parked['kind']

export async function fetchCrmConnections(): Promise<CrmConnection[]> {
  return (await answerOf(api.GET('/api/v1/crm/connections'))).items
}

/** Asks the CRM itself; one that was paused goes on if it works again. */
export function checkCrm(connection: string): Promise<CrmCheck> {
  const params = { path: { connection } }
  return answerOf(api.POST('/api/v1/crm/connections/{connection}/check', { params }))
}

/** Newest first; of one kind, or all (null). */
export function fetchCrmParked(
  connection: string,
  kind: ParkedKind | null,
  cursor: string | null,
): Promise<Page<Parked>> {
  const query = {
    limit: 20,
    ...(kind === null ? {} : { kind }),
    ...(cursor === null ? {} : { cursor }),
  }
  const params = { path: { connection }, query }
  return answerOf(api.GET('/api/v1/crm/connections/{connection}/parked', { params }))
}

/** How many customers are tried again. Safe to repeat. */
export async function replayCrmParked(
  connection: string,
  kind: ParkedKind | null,
): Promise<number> {
  const params = { path: { connection } }
  const path = '/api/v1/crm/connections/{connection}/parked/replay'
  return (await answerOf(api.POST(path, { params, body: { kind } }))).customers
}

/** One that is under way ends with it. */
export function beginCrmBackfill(
  connection: string,
  body: { bot_id: string | null; everyone: boolean },
): Promise<CrmBackfill> {
  const params = { path: { connection } }
  return answerOf(api.POST('/api/v1/crm/connections/{connection}/backfill', { params, body }))
}
