/** A list that hardly ever changes, read once for the page and shared by all who ask. */
import { shallowRef, type Ref } from 'vue'

import { ApiError } from '@/api/client'

export interface OnceRead<T> {
  (): Readonly<Ref<readonly T[]>>
  /** What was read is out of date: it is read again, if anybody has asked for it. */
  again: () => void
}

export function onceRead<T>(read: () => Promise<T[]>): OnceRead<T> {
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

  function ask(): Readonly<Ref<readonly T[]>> {
    reading ??= begin()
    return items
  }

  ask.again = () => {
    if (reading !== null) reading = begin()
  }

  return ask
}
