/** How the installation is: what is looked at, and webhooks that could not be applied. */
import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'
import type { Page } from '@/api/types'

type Schemas = components['schemas']

export type Findings = Schemas['FindingsView']
export type Finding = Schemas['FindingView']
export type ParkedWebhook = Schemas['channels__routes__ParkedView']

/** Looks at everything now. */
export function fetchFindings(): Promise<Findings> {
  return answerOf(api.GET('/api/v1/health/checks'))
}

/** Newest first. */
export function fetchParkedWebhooks(cursor: string | null): Promise<Page<ParkedWebhook>> {
  const query = { limit: 20, ...(cursor === null ? {} : { cursor }) }
  return answerOf(api.GET('/api/v1/webhooks/parked', { params: { query } }))
}

/** How many are applied once more; what still fails is parked again. */
export async function replayAllWebhooks(): Promise<number> {
  return (await answerOf(api.POST('/api/v1/webhooks/parked/replay'))).replayed
}

export async function replayWebhook(entry_id: string): Promise<void> {
  const params = { path: { entry_id } }
  await answerOf(api.POST('/api/v1/webhooks/parked/{entry_id}/replay', { params }))
}
