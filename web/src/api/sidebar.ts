/** Everything about the customer of a conversation, in one call. */
import { answerOf, api } from '@/api/client'
import type { CrmRecord } from '@/api/crm'
import type { CustomerScripts } from '@/api/enrolments'
import type { Customer, Duplicates, Suggestion, Tag } from '@/api/types'

export type BlockState = 'ok' | 'slow' | 'failed' | 'off'

/** A member of staff, as far as a small avatar with a name needs it. */
export interface Person {
  id: string
  name: string
  initials: string
  active: boolean
}

/** Who looks after the customer; `assignee` is there only where the bot splits. */
export interface People {
  split: boolean
  participants: Person[]
  last_carer: Person | null
  owner: Person | null
  followers: Person[]
  /** Who has the conversation open right now. */
  viewers: Person[]
  assignee?: Person | null
}

/** What each block holds. The server's description leaves that open: packages add blocks. */
export interface BlockData {
  customer: Customer
  people: People
  tags: { items: Tag[]; may_create: boolean }
  duplicates: Duplicates
  suggestions: { items: Suggestion[] }
  scripts: CustomerScripts
  media: unknown
  crm: CrmRecord
}

export type BlockName = keyof BlockData

/** `data` when the state is ok; `off` says why there is none. */
export interface Block<T> {
  state: BlockState
  data: T | null
  off: { code: string; vi: string; en: string } | null
}

export type Blocks = { [Name in BlockName]?: Block<BlockData[Name]> }

export async function fetchSidebar(conversationId: string): Promise<Blocks> {
  const path = { conversation_id: conversationId }
  const { blocks } = await answerOf(
    api.GET('/api/v1/conversations/{conversation_id}/sidebar', { params: { path } }),
  )
  return blocks
}
