/** What one automation was told: by state, page by page, and told once more. */
import { ref, watch } from 'vue'

import {
  type AutomationPlace,
  type Delivery,
  type DeliveryPage,
  type DeliveryState,
  fetchDeliveries,
  replayDeliveries,
} from '@/api/automations'
import { ApiError } from '@/api/client'

const PAGE = 25

export function useAutomationLog(place: () => AutomationPlace) {
  const wanted = ref<DeliveryState | null>(null)
  const deliveries = ref<Delivery[]>([])
  const cursor = ref<string | null>(null)
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  const busy = ref(false)
  const refusal = ref<ApiError | null>(null)
  let asked = 0

  /** Only the newest question is answered: the filter may change meanwhile. */
  async function read(from: string | null, take: (page: DeliveryPage) => void): Promise<void> {
    const mine = (asked += 1)
    try {
      const query = { state: wanted.value, cursor: from, limit: PAGE }
      const page = await fetchDeliveries(place(), query)
      if (mine !== asked) return
      take(page)
      cursor.value = page.next_cursor
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (mine !== asked) return
      if (state.value === 'loading') state.value = 'failed'
      else refusal.value = error
    }
  }

  /** From the newest on. */
  function load(): Promise<void> {
    refusal.value = null
    return read(null, ({ items }) => {
      deliveries.value = items
    })
  }

  /** What was tried again meanwhile moved up: nothing is shown twice. */
  function more(): Promise<void> {
    if (cursor.value === null) return Promise.resolve()
    return read(cursor.value, ({ items }) => {
      const known = new Set(deliveries.value.map(({ event_id }) => event_id))
      deliveries.value.push(...items.filter(({ event_id }) => !known.has(event_id)))
    })
  }

  /** How many will be told once more; null when it was refused. */
  async function replay(eventIds: string[] | null): Promise<number | null> {
    if (busy.value) return null
    busy.value = true
    refusal.value = null
    try {
      return await replayDeliveries(place(), eventIds)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      refusal.value = error
      return null
    } finally {
      busy.value = false
    }
  }

  watch(
    wanted,
    () => {
      deliveries.value = []
      cursor.value = null
      state.value = 'loading'
      void load()
    },
    { immediate: true },
  )

  return {
    wanted,
    deliveries,
    hasMore: () => cursor.value !== null,
    state,
    busy,
    refusal,
    load,
    more,
    replay,
  }
}
