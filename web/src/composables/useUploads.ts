/** The files that go with the next message: each on its way, kept by the server, or refused. */
import { computed, onScopeDispose, reactive, ref } from 'vue'

import { ApiError } from '@/api/client'
import { uploadFile } from '@/api/replies'
import type { Upload } from '@/api/types'

export const FILES_MAX = 20 // per message, as the API has it

export interface AttachedFile {
  key: string
  name: string
  size: number
  state: 'uploading' | 'ready' | 'failed'
  /** From 0 to 1. */
  progress: number
  upload: Upload | null
  /** The server's sentence; empty when it could not be reached. */
  error: string
}

export function useUploads() {
  const files = ref<AttachedFile[]>([])
  const stops = new Map<string, AbortController>()
  const uploads = computed(() => files.value.flatMap(({ upload }) => upload ?? []))
  /** Whether nothing is on its way, and nothing failed that was meant to be sent. */
  const settled = computed(() => files.value.every(({ state }) => state === 'ready'))

  function attach(chosen: Iterable<File>): void {
    for (const file of [...chosen].slice(0, FILES_MAX - files.value.length)) void upload(file)
  }

  async function upload(file: File): Promise<void> {
    const { name, size } = file
    const key = crypto.randomUUID()
    const item = reactive<AttachedFile>({
      key, name, size, state: 'uploading', progress: 0, upload: null, error: '',
    })
    const stop = new AbortController()
    stops.set(key, stop)
    files.value.push(item)
    try {
      const progress = (done: number) => {
        item.progress = done
      }
      item.upload = await uploadFile(file, { progress, signal: stop.signal })
      item.state = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      item.error = error.message
      item.state = 'failed'
    } finally {
      stops.delete(key)
    }
  }

  function remove(key: string): void {
    stops.get(key)?.abort()
    stops.delete(key)
    files.value = files.value.filter((file) => file.key !== key)
  }

  /** Begin with files that the server has already. */
  function begin(kept: readonly Upload[]): void {
    files.value = kept.map((upload) => ({
      key: upload.id, name: upload.name, size: upload.size, state: 'ready', progress: 1, upload, error: '',
    }))
  }

  onScopeDispose(() => {
    stops.forEach((stop) => {
      stop.abort()
    })
  })

  return { files, uploads, settled, attach, remove, begin }
}
