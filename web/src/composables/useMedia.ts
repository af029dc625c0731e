/** What a customer and the shop sent each other, one kind at a time, page by page. */
import { onScopeDispose, ref, watch, type Ref } from 'vue'

import { fetchMedia } from '@/api/customers'
import type { LiveFrame, MediaItem, MediaKind, Message } from '@/api/types'

const PAGE_ITEMS = 24

export interface MediaSource {
  customerId: string
  kind: Readonly<Ref<MediaKind>>
  listen: (listener: (frame: LiveFrame) => void) => () => void
}

/** The item's own key: an attachment is known by its message and its place in it. */
export function mediaKey({ message_id, position }: Pick<MediaItem, 'message_id' | 'position'>): string {
  return `${message_id} ${position.toString()}`
}

export function useMedia({ customerId, kind, listen }: MediaSource) {
  const items = ref<MediaItem[]>([])
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  const more = ref<'none' | 'ready' | 'loading' | 'failed'>('none')
  let cursor: string | null = null
  let reading = 0

  /** The first page anew; pages that were read before stay behind it where they join it. */
  async function load(): Promise<void> {
    const mine = (reading += 1)
    try {
      const page = await fetchMedia(customerId, { kind: kind.value, cursor: null, limit: PAGE_ITEMS })
      if (mine !== reading) return
      const behind = joined(page.items, items.value)
      items.value = [...page.items, ...behind]
      if (behind.length === 0) cursor = page.next_cursor
      more.value = cursor === null ? 'none' : 'ready'
      state.value = 'ready'
    } catch {
      if (mine === reading && state.value === 'loading') state.value = 'failed'
    }
  }

  async function loadMore(): Promise<void> {
    if (more.value !== 'ready' && more.value !== 'failed') return
    const mine = reading
    more.value = 'loading'
    try {
      const page = await fetchMedia(customerId, { kind: kind.value, cursor, limit: PAGE_ITEMS })
      if (mine !== reading) return
      const known = new Set(items.value.map(mediaKey))
      items.value = [...items.value, ...page.items.filter((item) => !known.has(mediaKey(item)))]
      cursor = page.next_cursor
      more.value = cursor === null ? 'none' : 'ready'
    } catch {
      if (mine === reading) more.value = 'failed'
    }
  }

  function begin(): void {
    items.value = []
    more.value = 'none'
    cursor = null
    state.value = 'loading'
    void load()
  }

  /** A copy has come, or the message was taken back; what is new is read with the first page. */
  function take(message: Message): void {
    items.value = items.value.flatMap((item) => {
      if (item.message_id !== message.id) return [item]
      const now = message.attachments[item.position]
      if (!now) return []
      const { url, thumbnail_url, mime, size, copy_state, copy_reason } = now
      return [{ ...item, url, thumbnail_url, mime, size, copy_state, copy_reason }]
    })
  }

  watch(kind, begin, { immediate: true })

  const stop = listen(({ type, data }) => {
    const ours = data.customer_id === undefined || data.customer_id === customerId
    const message = ours ? data.message : undefined
    if (message) take(message)
    if (type === 'resync' || (message?.attachments.length ?? 0) > 0) void load()
  })
  onScopeDispose(() => {
    stop()
    reading += 1
  })

  return { items, state, more, load, loadMore, retry: begin }
}

/** Those of the known items that follow the page; none when there may be a gap between. */
function joined(page: readonly MediaItem[], known: readonly MediaItem[]): MediaItem[] {
  const last = page.at(-1)
  if (!last) return []
  const place = known.findIndex((item) => mediaKey(item) === mediaKey(last))
  return place === -1 ? [] : known.slice(place + 1)
}
