/** A list that hardly ever changes, read once for the page and shared by all who ask. */
import { shallowRef, type Ref } from 'vue'

import { ApiError } from '@/api/client'

export function onceRead<T>(read: () => Promise<T[]>): () => Readonly<Ref<readonly T[]>> {
  const items = shallowRef<readonly T[]>([])
  let reading: Promise<void> | null = null

  async function begin(): Promise<void> {
    try {
      items.value = await read()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      reading = null // whoever asks next tries again
    }
  }

  return () => {
    reading ??= begin()
    return items
  }
}
