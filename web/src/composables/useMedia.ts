/** What a customer and the shop sent each other, one kind at a time, page by page. */
import { onScopeDispose, ref, watch, type Ref } from 'vue'

import { fetchMedia } from '@/api/customers'
import type { LiveFrame, MediaItem, MediaKind } from '@/api/types'

const PAGE_ITEMS = 12

export interface MediaSource {
  customerId: string
  kind: Readonly<Ref<MediaKind>>
  listen: (listener: (frame: LiveFrame) => void) => () => void
}

export function useMedia({ customerId, kind, listen }: MediaSource) {
  const items = ref<MediaItem[]>([])
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  const hasMore = ref(false)
  let cursor: string | null = null
  let reading = 0

  async function load({ more }: { more: boolean }): Promise<void> {
    const mine = (reading += 1)
    try {
      const page = await fetchMedia(customerId, {
        kind: kind.value,
        cursor: more ? cursor : null,
        limit: PAGE_ITEMS,
      })
      if (mine !== reading) return
      items.value = more ? [...items.value, ...page.items] : page.items
      cursor = page.next_cursor
      hasMore.value = cursor !== null
      state.value = 'ready'
    } catch {
      if (mine === reading) state.value = 'failed'
    }
  }

  watch(
    kind,
    () => {
      items.value = []
      hasMore.value = false
      state.value = 'loading'
      void load({ more: false })
    },
    { immediate: true },
  )

  const stop = listen(({ type, data }) => {
    const brings = data.message?.attachments.some((attachment) => attachment.kind === kind.value)
    if (type === 'resync' || brings === true) void load({ more: false })
  })
  onScopeDispose(() => {
    stop()
    reading += 1
  })

  return { items, state, hasMore, loadMore: () => load({ more: true }) }
}
