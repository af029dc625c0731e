/** The audit log: who changed what. */
import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'
import type { Page } from '@/api/types'

export type AuditEntry = components['schemas']['AuditView']

export interface AuditFilter {
  actor: string | null
  target: string | null
  action: string | null
  /** A moment, included. */
  since: string | null
}

const PAGE_ENTRIES = 40

/** Newest first. */
export function fetchAudit(
  { actor, target, action, since }: AuditFilter,
  cursor: string | null,
): Promise<Page<AuditEntry>> {
  const query = {
    limit: PAGE_ENTRIES,
    ...(actor === null ? {} : { actor }),
    ...(target === null ? {} : { target }),
    ...(action === null ? {} : { action }),
    ...(since === null ? {} : { since }),
    ...(cursor === null ? {} : { cursor }),
  }
  return answerOf(api.GET('/api/v1/audit', { params: { query } }))
}
