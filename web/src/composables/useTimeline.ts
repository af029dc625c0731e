/** What happened with a customer, page by page, newest first. */
import { onScopeDispose, ref, watch, type Ref } from 'vue'

import { ApiError } from '@/api/client'
import { fetchTimeline } from '@/api/customers'
import type { Interaction, LiveFrame } from '@/api/types'

const PAGE_ROWS = 30

export interface TimelineSource {
  customerId: string
  types: Readonly<Ref<readonly string[]>>
  listen: (listener: (frame: LiveFrame) => void) => () => void
}

export function useTimeline({ customerId, types, listen }: TimelineSource) {
  const rows = ref<Interaction[]>([])
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  const more = ref<'none' | 'ready' | 'loading' | 'failed'>('none')
  let cursor: string | null = null
  let reading = 0

  /** The first page anew; rows never change, so what was read before stays behind it. */
  async function load(): Promise<void> {
    const mine = (reading += 1)
    try {
      const page = await fetchTimeline(customerId, place(null))
      if (mine !== reading) return
      const last = page.items.at(-1)
      const joint = last ? rows.value.findIndex(({ id }) => id === last.id) : -1
      const behind = joint === -1 ? [] : rows.value.slice(joint + 1)
      rows.value = [...page.items, ...behind]
      if (behind.length === 0) cursor = page.next_cursor
      more.value = cursor === null ? 'none' : 'ready'
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (mine === reading && state.value === 'loading') state.value = 'failed'
    }
  }

  async function loadMore(): Promise<void> {
    if (more.value !== 'ready' && more.value !== 'failed') return
    const mine = reading
    more.value = 'loading'
    try {
      const page = await fetchTimeline(customerId, place(cursor))
      if (mine !== reading) return
      const known = new Set(rows.value.map(({ id }) => id))
      rows.value = [...rows.value, ...page.items.filter(({ id }) => !known.has(id))]
      cursor = page.next_cursor
      more.value = cursor === null ? 'none' : 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (mine === reading) more.value = 'failed'
    }
  }

  function place(from: string | null) {
    return { types: types.value, cursor: from, limit: PAGE_ROWS }
  }

  function begin(): void {
    rows.value = []
    more.value = 'none'
    cursor = null
    state.value = 'loading'
    void load()
  }

  watch(types, begin, { immediate: true })

  const stop = listen(({ type, data }) => {
    const ours = data.customer_id === undefined || data.customer_id === customerId
    if (type === 'resync' || (ours && CHANGES.has(type))) void load()
  })
  onScopeDispose(() => {
    stop()
    reading += 1
  })

  return { rows, state, more, loadMore, retry: begin }
}

const CHANGES = new Set(['customer_changed', 'conversation_changed'])
