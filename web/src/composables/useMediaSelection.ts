/** What is chosen of the media block, and its way into one zip. */
import { computed, ref } from 'vue'

import { fetchArchive } from '@/api/customers'
import type { MediaItem } from '@/api/types'
import { mediaKey } from '@/composables/useMedia'

/** As many as the server puts into one archive. */
const MOST_ITEMS = 200

/** `save` hands a file to the browser. */
export function useMediaSelection(
  customerId: string,
  save: (content: Blob, name: string | null) => void = saveFile,
) {
  const choosing = ref(false)
  const fetching = ref(false)
  const chosen = ref(new Map<string, MediaItem>())
  const full = computed(() => chosen.value.size >= MOST_ITEMS)

  function isChosen(item: MediaItem): boolean {
    return chosen.value.has(mediaKey(item))
  }

  function toggle(item: MediaItem): void {
    if (!chosen.value.delete(mediaKey(item)) && !full.value) chosen.value.set(mediaKey(item), item)
  }

  function begin(): void {
    choosing.value = true
  }

  function end(): void {
    choosing.value = false
    chosen.value.clear()
  }

  /** Throws ApiError; what was chosen stays chosen then. */
  async function download(): Promise<void> {
    fetching.value = true
    try {
      const items = [...chosen.value.values()].map(({ message_id, position }) => ({
        message_id,
        position,
      }))
      const { content, name } = await fetchArchive(customerId, items)
      save(content, name)
      end()
    } finally {
      fetching.value = false
    }
  }

  return { choosing, fetching, chosen, full, isChosen, toggle, begin, end, download }
}

const RELEASED_AFTER_MS = 60_000

function saveFile(content: Blob, name: string | null): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name ?? 'media.zip'
  link.click()
  setTimeout(() => {
    URL.revokeObjectURL(link.href)
  }, RELEASED_AFTER_MS)
}
