/** What stands for somebody: a name as the channel gave it, or a neutral word, never a made-up name. */
import type { Conversation } from '@/api/types'

export function isChannel(word: string): word is Conversation['channel'] {
  return word === 'facebook' || word === 'instagram' || word === 'zalo'
}

export type PlaceholderKey =
  | 'placeholder.facebook'
  | 'placeholder.instagram'
  | 'placeholder.zalo'
  | 'placeholder.group'

/** The key of the words that stand where the channel gave no name. */
export function placeholderKey({
  channel,
  kind = 'inbox',
}: {
  channel: Conversation['channel']
  kind?: Conversation['kind']
}): PlaceholderKey {
  if (kind === 'group') return 'placeholder.group'
  return `placeholder.${channel}`
}

/** The initials of the last two words: a Vietnamese given name stands at the end. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).slice(-2)
  return words.map((word) => /[\p{L}\p{N}]/u.exec(word)?.[0] ?? '').join('').toLocaleUpperCase('vi')
}

/** A number from 0 up to, but not including, `hues`; the same for the same id, always. */
export function hueOf(id: string, hues: number): number {
  let hash = 0
  for (const character of id) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return hash % hues
}

/** As it is searched for: without accents, in small letters. */
export function folded(name: string): string {
  const plain = name.normalize('NFD').replace(/\p{M}/gu, '')
  return plain.toLocaleLowerCase('vi').replaceAll('đ', 'd')
}
