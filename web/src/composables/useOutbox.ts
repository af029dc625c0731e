/** What was said here and is not in the thread yet: shown at once, posted in order, never lost. */
import { computed, onScopeDispose, ref, watch, type Ref } from 'vue'

import { ApiError } from '@/api/client'
import { postMessage } from '@/api/replies'
import type { Message } from '@/api/types'
import type { Drafts, Unsent } from '@/composables/drafts'

interface Pending {
  entry: Unsent
  error: ApiError | null
}

export interface OutboxSource {
  conversationId: string
  author: { id: string; name: string }
  kept: Drafts
  messages: Readonly<Ref<readonly Message[]>>
  /** What the server made of it. */
  taken: (message: Message) => void
  /** The server will not have it; true when the words have found another place. */
  refused: (entry: Unsent, error: ApiError) => boolean
}

export function useOutbox({ conversationId, author, kept, messages, taken, refused }: OutboxSource) {
  const left = kept.unsent().map((entry) => ({ entry, error: new ApiError(0, 'unreachable', '') }))
  const pending = ref<Pending[]>(left)
  let line: Promise<unknown> = Promise.resolve()
  let gone = false

  /** As messages of the thread; what the thread has itself is not here any more. */
  const waiting = computed(() => {
    const there = new Set(messages.value.map(({ client_id }) => client_id))
    return pending.value
      .filter(({ entry }) => !there.has(entry.clientId))
      .map(({ entry, error }) => asMessage(entry, error))
  })

  watch(messages, (now) => {
    const there = new Set(now.map(({ client_id }) => client_id))
    for (const { entry } of pending.value) if (there.has(entry.clientId)) drop(entry.clientId)
  })

  function send(entry: Unsent): Promise<void> {
    kept.keepUnsent(entry)
    pending.value = [...pending.value, { entry, error: null }]
    return inLine(entry)
  }

  /** Under the same client id: if it had arrived after all, nothing is sent twice. */
  function resend(id: string): Promise<void> {
    const again = pending.value.find(({ entry, error }) => localId(entry) === id && error !== null)
    if (!again) return Promise.resolve()
    again.error = null
    return inLine(again.entry)
  }

  /** One after the other, so that they arrive as they were written. */
  function inLine(entry: Unsent): Promise<void> {
    const posted = line.then(() => post(entry))
    line = posted.catch(() => undefined) // one that failed holds up no other
    return posted
  }

  async function post(entry: Unsent): Promise<void> {
    try {
      const message = await postMessage(conversationId, {
        client_id: entry.clientId,
        text: entry.text.trim() === '' ? null : entry.text,
        attachments: entry.uploads.map(({ id }) => ({ upload_id: id })),
        internal: entry.note,
        private: entry.privately,
        reply_to: entry.quote?.id ?? null,
      })
      if (!gone) taken(message)
      drop(entry.clientId)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      fail(entry, error)
    }
  }

  function fail(entry: Unsent, error: ApiError): void {
    if (gone) return // it is kept, and shown as failed when somebody comes back
    if (isRefusal(error) && refused(entry, error)) drop(entry.clientId)
    else {
      pending.value = pending.value.map((one) =>
        one.entry.clientId === entry.clientId ? { entry, error } : one,
      )
    }
  }

  function drop(clientId: string): void {
    kept.forgetUnsent(clientId)
    pending.value = pending.value.filter(({ entry }) => entry.clientId !== clientId)
  }

  function asMessage(entry: Unsent, error: ApiError | null): Message {
    const reason = error && { code: error.code, vi: error.message, en: error.message }
    return {
      id: localId(entry),
      conversation_id: conversationId,
      direction: 'out',
      author: { kind: 'staff', ...author },
      text: entry.text,
      attachments: entry.uploads.map(({ id, kind, name, size, mime }) => ({
        kind,
        name,
        size,
        mime,
        url: `/api/v1/uploads/${id}`,
        thumbnail_url: null,
        data: {},
        copy_state: 'copied' as const,
        copy_reason: null,
      })),
      at: entry.at,
      seq: 0,
      status: error === null ? 'queued' : 'failed',
      error: reason && { ...reason, platform_code: null, at: entry.at },
      internal: entry.note,
      reply_to: entry.quote?.id ?? null,
      payload: null,
      reactions: [],
      edited_at: null,
      removed_at: null,
      hidden: false,
      standby: false,
      client_id: entry.clientId,
      content: null,
      private: entry.privately,
      private_to: null,
      comment: null,
    }
  }

  onScopeDispose(() => {
    gone = true
  })

  return { waiting, send, resend, has: isLocal }
}

/** Whether a message is only here, in this browser. */
export function isLocal(id: string): boolean {
  return id.startsWith('local:')
}

function localId({ clientId }: Unsent): string {
  return `local:${clientId}`
}

/** A no that another try would not change; being signed out or hurried is none. */
function isRefusal({ status }: ApiError): boolean {
  return status >= 400 && status < 500 && ![401, 408, 429].includes(status)
}
