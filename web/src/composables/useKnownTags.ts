/** The tags by id, for places that hold ids alone; read again whenever the catalogue changes. */
import { computed, onScopeDispose, shallowRef } from 'vue'

import { ApiError } from '@/api/client'
import { fetchTags } from '@/api/tags'
import type { LiveFrame, Tag } from '@/api/types'

export type TagOf = (id: string) => Tag | undefined

export function useKnownTags({
  listen,
}: {
  listen: (listener: (frame: LiveFrame) => void) => () => void
}) {
  const byId = shallowRef<ReadonlyMap<string, Tag>>(new Map())
  /** Those that can be attached, in the order of the catalogue. */
  const tags = computed(() => [...byId.value.values()].filter(({ retired }) => !retired))
  const tagOf: TagOf = (id) => byId.value.get(id)
  let reading = 0

  async function load(): Promise<void> {
    const mine = (reading += 1)
    try {
      const { items } = await fetchTags({ usage: false })
      if (mine === reading) byId.value = new Map(items.map((tag) => [tag.id, tag]))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error // the next change, or resync, asks again
    }
  }

  onScopeDispose(
    listen(({ type }) => {
      if (type === 'tags_changed' || type === 'resync') void load()
    }),
  )
  void load()

  return { tags, tagOf }
}
