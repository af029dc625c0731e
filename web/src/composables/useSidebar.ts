/** The blocks beside a conversation, read in one call and kept current without flicker. */
import { onScopeDispose, ref, shallowRef } from 'vue'

import { ApiError } from '@/api/client'
import { type Block, type BlockName, type Blocks, fetchSidebar } from '@/api/sidebar'
import type { Customer, LiveFrame, Message } from '@/api/types'

export interface SidebarSource {
  conversationId: string
  customerId: () => string | null
  listen: (listener: (frame: LiveFrame) => void) => () => void
}

const CHANGES = new Set(['resync', 'tags_changed'])
const OF_CUSTOMER = new Set(['customer_changed', 'enrolments_changed'])

export function useSidebar({ conversationId, customerId, listen }: SidebarSource) {
  const blocks = shallowRef<Blocks>({})
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  let running: Promise<void> | null = null
  let next: Promise<void> | null = null

  /** Ends when an answer is shown that was asked for after this call; never throws ApiError. */
  function load(): Promise<void> {
    if (running === null) {
      running = read().finally(() => {
        running = null
      })
      return running
    }
    next ??= running.then(() => {
      next = null
      return load()
    })
    return next
  }

  async function read(): Promise<void> {
    try {
      blocks.value = merged(await fetchSidebar(conversationId), blocks.value)
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (state.value === 'loading') state.value = 'failed' // what is shown stays otherwise
    }
  }

  /** The answer to an edit is shown at once; what follows from it is read. */
  function took(customer: Customer): void {
    const block = blocks.value.customer
    if (block?.data?.id === customer.id) {
      blocks.value = { ...blocks.value, customer: { ...block, state: 'ok', data: customer } }
    }
    void load()
  }

  let around: string | null = null

  function concerns({ type, conversation_id, data }: LiveFrame): boolean {
    if (CHANGES.has(type)) return true
    if (OF_CUSTOMER.has(type)) return data.customer_id === customerId()
    if (conversation_id !== conversationId) return false
    if (type === 'message_received' || type === 'viewers_changed') return true
    if (type === 'message_changed') return data.message !== undefined && matters(data.message)
    if (type !== 'conversation_changed' || !data.conversation) return false
    const before = around
    around = aroundOf(data.conversation)
    return around !== before
  }

  onScopeDispose(
    listen((frame) => {
      if (concerns(frame)) void load()
    }),
  )
  void load()
  return { blocks, state, load, took }
}

/** Receipts change our own messages all the time: only what became of a script's is shown here. */
function matters({ direction, author }: Message): boolean {
  return direction === 'in' || author.kind === 'script'
}

/** What a frame tells of a conversation that blocks show too, to see whether it is something new. */
function aroundOf(conversation: NonNullable<LiveFrame['data']['conversation']>): string {
  const { assignee, participants, customer, automation } = conversation
  return JSON.stringify([assignee, participants, customer?.id, automation])
}

/** A block that is slow or failed now still shows what it held; an older customer never comes back. */
function merged(answer: Blocks, known: Blocks): Blocks {
  const entries = Object.entries(answer) as [BlockName, Block<unknown>][]
  const blocks = Object.fromEntries(
    entries.map(([name, block]) => [name, kept(block, known[name])]),
  ) as Blocks
  const [now, before] = [blocks.customer?.data, known.customer?.data]
  const older = now?.id === before?.id && (now?.version ?? 0) < (before?.version ?? 0)
  return older && known.customer ? { ...blocks, customer: known.customer } : blocks
}

function kept(block: Block<unknown>, known: Block<unknown> | undefined): Block<unknown> {
  const lacks = block.state === 'slow' || block.state === 'failed'
  return lacks ? { ...block, data: known?.data ?? null } : block
}
