/** The keys of the inbox, in the order in which the help lists them. */

export const KEYS = [
  { name: 'next', keys: ['ArrowDown', 'j'] },
  { name: 'previous', keys: ['ArrowUp', 'k'] },
  { name: 'nextUnread', keys: ['u'] },
  { name: 'search', keys: ['/'] },
  { name: 'back', keys: ['Escape'] },
  { name: 'reply', keys: ['r'] },
  { name: 'note', keys: ['n'] },
  { name: 'close', keys: ['c'] },
  { name: 'assign', keys: ['a'] },
  { name: 'tag', keys: ['t'] },
  { name: 'tagNumber', keys: ['1', '2', '3', '4', '5', '6', '7', '8', '9'] },
  { name: 'help', keys: ['?'] },
] as const

export type KeyName = (typeof KEYS)[number]['name']

const ARROWS = new Set(['ArrowDown', 'ArrowUp'])
/** Where keys write words or choose among options. */
const TYPING =
  'input, textarea, select, [contenteditable], dialog, [role="menu"], [role="dialog"], [role="listbox"]'
/** Where arrow keys do something of their own. */
const OWN_ARROWS = 'video, audio, [data-own-keys]'

/** What a press means here, and the key; null: nothing to us. */
export function meaningOf(
  event: KeyboardEvent,
  { letters }: { letters: boolean },
): { name: KeyName; key: string } | null {
  if (event.defaultPrevented || event.isComposing) return null
  if (event.ctrlKey || event.metaKey || event.altKey) return null
  if (document.querySelector('dialog[open]') !== null) return null // also when its focus was lost
  const at = event.target instanceof Element ? event.target : null
  if (at?.closest(TYPING)) return null
  const key = keyOf(event)
  if (ARROWS.has(key) && at?.closest(OWN_ARROWS)) return null
  if (key.length === 1 && (!letters || event.repeat)) return null
  const found = KEYS.find(({ keys }) => (keys as readonly string[]).includes(key))
  return found ? { name: found.name, key } : null
}

/** The row of digits has other signs on many keyboards: in Vietnamese ă, â, ê, ô. */
function keyOf({ key, code, shiftKey }: KeyboardEvent): string {
  const digit = /^Digit([1-9])$/u.exec(code)?.[1]
  return digit !== undefined && !shiftKey ? digit : key.length === 1 ? key.toLowerCase() : key
}
