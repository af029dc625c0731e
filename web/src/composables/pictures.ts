/** The pictures that the viewer turns through: those of a thread, or of the media block. */
import type { MediaItem, Message } from '@/api/types'
import { webAddress } from '@/text/links'

export interface Picture {
  url: string
  name: string | null
}

/** In the order of the messages. */
export function picturesOf(messages: readonly Message[]): Picture[] {
  return messages.flatMap(({ attachments }) => attachments.flatMap(shown))
}

export function picturesAmong(items: readonly MediaItem[]): Picture[] {
  return items.flatMap(shown)
}

function shown({ kind, url, name }: { kind: string; url: string | null; name: string | null }): Picture[] {
  const address = kind === 'image' ? webAddress(url) : null
  return address === null ? [] : [{ url: address, name }]
}
