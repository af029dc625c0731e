/** A list that is read page by page. */
import { computed, ref, type Ref } from 'vue'

import { ApiError } from '@/api/client'
import type { Page } from '@/api/types'

export function usePages<T>(read: (cursor: string | null) => Promise<Page<T>>) {
  const items = ref([]) as Ref<T[]>
  const next = ref<string | null>(null)
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  let reading = 0

  /** What is asked for later is what counts. */
  async function page(cursor: string | null): Promise<void> {
    const mine = (reading += 1)
    state.value = 'loading'
    try {
      const found = await read(cursor)
      if (mine !== reading) return
      items.value = cursor === null ? found.items : [...items.value, ...found.items]
      next.value = found.next_cursor
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (mine === reading) state.value = 'failed'
    }
  }

  /** Something else is to be listed: nothing of the old list stays. */
  function begin(): Promise<void> {
    items.value = []
    next.value = null
    return page(null)
  }

  return {
    items,
    state,
    hasMore: computed(() => next.value !== null),
    begin,
    /** From the beginning; what is shown stays until then. */
    load: () => page(null),
    /** Where it stopped: the next page, or the first one again. */
    more: () => page(next.value),
  }
}
