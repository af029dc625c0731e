/** The tags of a customer: a press shows at once, and gives way to what the server says. */
import { computed, ref } from 'vue'

import { ApiError } from '@/api/client'
import { attachTag, detachTag, fetchTags } from '@/api/tags'
import type { Tag } from '@/api/types'

export interface CustomerTagsSource {
  customerId: () => string
  /** As the server said last. */
  items: () => readonly Tag[]
  /** Reads them anew; ends when they are shown. */
  changed: () => Promise<void>
}

export function useCustomerTags({ customerId, items, changed }: CustomerTagsSource) {
  const coming = ref<Tag[]>([])
  const leaving = ref<string[]>([])
  /** The name of a tag that is being made. */
  const making = ref<string | null>(null)
  const error = ref<ApiError | null>(null)

  const tags = computed<Tag[]>(() => {
    const known = new Set(items().map(({ id }) => id))
    const shown = items().filter(({ id }) => !leaving.value.includes(id))
    return [...shown, ...coming.value.filter(({ id }) => !known.has(id))]
  })

  async function attach(tag: Tag): Promise<void> {
    if (tags.value.some(({ id }) => id === tag.id)) return
    coming.value = [...coming.value, tag]
    await told(() => attachTag(customerId(), { tag_id: tag.id }))
    coming.value = coming.value.filter(({ id }) => id !== tag.id)
  }

  /** Make a tag of this name, unless there is one, and attach it. */
  async function create(name: string): Promise<void> {
    if (making.value !== null) return
    making.value = name
    await told(() => attachTag(customerId(), { name }))
    making.value = null
  }

  async function detach(tag: Tag): Promise<void> {
    if (leaving.value.includes(tag.id)) return
    leaving.value = [...leaving.value, tag.id]
    await told(() => detachTag(customerId(), tag.id))
    leaving.value = leaving.value.filter((id) => id !== tag.id)
  }

  /**
   * Attach, or detach, the tag that has this number in the catalogue, counted from 1. What was
   * done, and null when there is no such tag or it failed.
   */
  async function toggle(number: number): Promise<{ tag: Tag; attached: boolean } | null> {
    const tag = await numbered(number)
    if (tag === null) return null
    const attached = !tags.value.some(({ id }) => id === tag.id)
    await (attached ? attach(tag) : detach(tag))
    return error.value === null ? { tag, attached } : null
  }

  async function numbered(number: number): Promise<Tag | null> {
    try {
      const { items } = await fetchTags({ usage: false })
      return items.filter(({ retired }) => !retired)[number - 1] ?? null
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure
      error.value = failure
      return null
    }
  }

  async function told(ask: () => Promise<unknown>): Promise<void> {
    error.value = null
    try {
      await ask()
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure
      error.value = failure
    }
    await changed()
  }

  return { tags, making, error, attach, create, detach, toggle }
}
