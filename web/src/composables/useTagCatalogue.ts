/** The catalogue of tags as leaders look after it. */
import { onScopeDispose, ref } from 'vue'

import { ApiError } from '@/api/client'
import { createTag, deleteTag, editTag, fetchTags, orderTags, type TagEdit } from '@/api/tags'
import type { LiveFrame, Tag } from '@/api/types'

const CHANGES = new Set(['tags_changed', 'resync'])

export function useTagCatalogue({
  listen,
}: {
  listen: (listener: (frame: LiveFrame) => void) => () => void
}) {
  const tags = ref<Tag[]>([])
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  /** Orders that are on their way: what is read meanwhile may be in the old one. */
  let ordering = 0
  let reading = 0

  async function load(): Promise<void> {
    const mine = (reading += 1)
    try {
      const { items } = await fetchTags({ usage: true })
      if (mine !== reading || ordering > 0) return
      tags.value = items
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (state.value === 'loading') state.value = 'failed'
    }
  }

  /** Throws ApiError. */
  async function create(name: string): Promise<void> {
    await createTag(name)
    await load()
  }

  /** Throws ApiError. */
  async function edit(tag: Tag, change: TagEdit): Promise<void> {
    await editTag(tag.id, change)
    await load()
  }

  /** Throws ApiError: 409 with the number of customers when it is higher than was confirmed. */
  async function remove(tag: Tag): Promise<void> {
    await deleteTag(tag.id, tag.usage ?? 0)
    await load()
  }

  /** Put the tag at this place, at once; throws ApiError, and then the old order is shown. */
  async function move(id: string, to: number): Promise<void> {
    const from = tags.value.findIndex((tag) => tag.id === id)
    const tag = tags.value[from]
    if (!tag || to < 0 || to >= tags.value.length || to === from) return
    const others = tags.value.filter((one) => one.id !== id)
    tags.value = [...others.slice(0, to), tag, ...others.slice(to)]
    ordering += 1
    try {
      await orderTags(tags.value.map((one) => one.id))
    } finally {
      ordering -= 1
      if (ordering === 0) await load()
    }
  }

  onScopeDispose(
    listen(({ type }) => {
      if (CHANGES.has(type)) void load()
    }),
  )
  void load()

  return { tags, state, load, create, edit, remove, move }
}
