/** What somebody has begun to write, and what was sent but not yet taken, kept in this browser. */
import type { Upload } from '@/api/types'
import { keepJson, keptJson, keptNames } from '@/composables/browserStorage'

export interface Quote {
  id: string
  /** What it said; null for a message without text. */
  text: string | null
}

export interface Draft {
  text: string
  note: boolean
  quote: Quote | null
  /** Only the writer of the quoted comment sees it. */
  privately: boolean
  uploads: Upload[]
}

/** A message under the client id it was posted with; `at` is this browser's clock. */
export interface Unsent extends Draft {
  clientId: string
  at: string
}

export const EMPTY: Draft = { text: '', note: false, quote: null, privately: false, uploads: [] }

export function isEmpty({ text, quote, uploads }: Draft): boolean {
  return text.trim() === '' && quote === null && uploads.length === 0
}

/** Drafts belong to one person and one conversation: browsers are shared. */
export function drafts(staffId: string, conversationId: string) {
  const draft = `draft:${staffId}:${conversationId}`
  const unsent = `unsent:${staffId}:${conversationId}:`
  return {
    read: (): Draft => ({ ...EMPTY, ...(keptJson(draft) as Partial<Draft> | null) }),
    write: (now: Draft): void => {
      keepJson(draft, isEmpty(now) ? null : now)
    },
    unsent: (): Unsent[] =>
      keptNames(unsent)
        .flatMap((name) => (keptJson(name) as Unsent | null) ?? [])
        .sort((a, b) => a.at.localeCompare(b.at)),
    keepUnsent: (entry: Unsent): void => {
      keepJson(unsent + entry.clientId, entry)
    },
    forgetUnsent: (clientId: string): void => {
      keepJson(unsent + clientId, null)
    },
  }
}

export type Drafts = ReturnType<typeof drafts>
