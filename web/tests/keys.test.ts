/** The keyboard of the inbox: what a press means, and who is asked to do it. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { KEYS, type KeyName } from '@/composables/keys'
import { listenToKeys } from '@/composables/useKeys'
import { useWalking } from '@/composables/useWalking'
import english from '@/i18n/en.json'
import vietnamese from '@/i18n/vi.json'

import { FakeServer, within } from './fakes'
import { aConversation } from './samples'

function keyboard() {
  const keys = within(listenToKeys)
  const done: string[] = []
  for (const { name } of KEYS) keys.on(name, (key) => done.push(`${name} ${key}`))
  return { keys, done }
}

function press(key: string, options: KeyboardEventInit = {}, on: EventTarget = document.body): boolean {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...options })
  on.dispatchEvent(event)
  return event.defaultPrevented
}

function inPage(html: string): HTMLElement {
  document.body.innerHTML = html
  return document.body.querySelector<HTMLElement>('[data-here]') ?? document.body
}

beforeEach(() => {
  localStorage.clear()
})
afterEach(() => {
  document.body.innerHTML = ''
})

describe('a press', () => {
  test('does what the table says, in small letters or large', () => {
    const { done } = keyboard()

    expect(press('ArrowDown')).toBe(true)
    press('U', { shiftKey: false })
    press('7', { code: 'Digit7' })
    press('?', { shiftKey: true })

    expect(done).toEqual(['next ArrowDown', 'nextUnread u', 'tagNumber 7', 'help ?'])
  })

  test('of a digit is known where the keyboard writes something else there', () => {
    const { done } = keyboard()

    press('ă', { code: 'Digit1' })

    expect(done).toEqual(['tagNumber 1'])
  })

  test.each([
    '<input data-here>',
    '<textarea data-here></textarea>',
    '<select data-here></select>',
    '<p contenteditable="true"><b data-here>a</b></p>',
    '<dialog open><button data-here></button></dialog>',
    '<ul role="listbox"><li data-here></li></ul>',
  ])('in %s is left to it, whatever the key', (html) => {
    const { done } = keyboard()
    const field = inPage(html)

    for (const key of ['r', '3', '?', '/', 'ArrowDown', 'Escape']) {
      expect(press(key, {}, field)).toBe(false)
    }

    expect(done).toEqual([])
  })

  test('behind an open dialog is not ours, also when the dialog has lost the focus', () => {
    const { done } = keyboard()
    inPage('<dialog open><img alt=""></dialog>')

    for (const key of ['ArrowUp', 'c', '3', 'Escape']) expect(press(key)).toBe(false)

    expect(done).toEqual([])
  })

  test('while a word is being made, or with a modifier, is not ours', () => {
    const { done } = keyboard()

    press('r', { isComposing: true })
    press('c', { ctrlKey: true })
    press('a', { metaKey: true })
    press('n', { altKey: true })
    press('u', { repeat: true })

    expect(done).toEqual([])
  })

  test('of an arrow scrolls what scrolls by arrows; letters work there', () => {
    const { done } = keyboard()
    const messages = inPage('<div data-own-keys tabindex="0" data-here></div>')

    press('ArrowUp', {}, messages)
    press('r', {}, messages)

    expect(done).toEqual(['reply r'])
  })

  test('of a letter does nothing once letters are off, and that is kept', () => {
    const { keys, done } = keyboard()

    keys.setLetters(false)
    press('r')
    press('1', { code: 'Digit1' })
    press('ArrowDown')

    expect(done).toEqual(['next ArrowDown'])
    expect(within(listenToKeys).letters.value).toBe(false)
  })
})

describe('who is asked', () => {
  test('is whoever came last, and before that one again when it leaves', () => {
    const keys = within(listenToKeys)
    const asked: string[] = []
    keys.on('tag', () => asked.push('page'))
    const leave = keys.on('tag', () => asked.push('panel'))

    press('t')
    leave()
    press('t')

    expect(asked).toEqual(['panel', 'page'])
  })

  test('is nobody when nobody is there: the key is left alone', () => {
    within(listenToKeys)

    expect(press('t')).toBe(false)
  })

  test('may be somebody who is only coming', async () => {
    const keys = within(listenToKeys)
    const asked: string[] = []
    keys.on('tagNumber', (key) => {
      keys.later('tagNumber', key)
    })
    press('3', { code: 'Digit3' })

    keys.on('tagNumber', (key) => asked.push(key))
    await Promise.resolve()
    expect(asked).toEqual(['3'])

    keys.on('tagNumber', (key) => asked.push(`again ${key}`))
    await Promise.resolve()
    expect(asked).toEqual(['3'])
  })

  test('every key has its words in both languages', () => {
    const names: KeyName[] = KEYS.map(({ name }) => name)
    for (const words of [vietnamese.keys, english.keys] as Record<string, string>[]) {
      expect(names.filter((name) => !(name in words))).toEqual([])
    }
  })
})

describe('the next unread conversation', () => {
  function walking(openId: string | null, unread: Record<string, number>) {
    const rows = ['a', 'b', 'c', 'd'].map((id) => aConversation({ id, unread: unread[id] ?? 0 }))
    const opened: string[] = []
    const nothing = vi.fn()
    const walk = useWalking({
      rows: () => rows,
      openId: () => openId,
      filter: () => ({
        view: 'all',
        channel: null,
        bot_id: null,
        unread: false,
        tags: [],
        q: '',
      }),
      open: (id) => Promise.resolve(opened.push(id)),
      focus: () => undefined,
      nothingUnread: nothing,
    })
    return { ...walk, opened, nothing }
  }

  test('is the one below, then from the top', async () => {
    const below = walking('b', { a: 1, d: 2 })
    await below.nextUnread()
    expect(below.opened).toEqual(['d'])

    const above = walking('b', { a: 1, b: 5 })
    await above.nextUnread()
    expect(above.opened).toEqual(['a'])
  })

  test('is asked for when the list has loaded none', async () => {
    const server = new FakeServer()
      .on('GET /api/v1/conversations', () => ({
        items: [aConversation({ id: 'far', unread: 3 })],
        next_cursor: null,
      }))
      .install()
    const walk = walking('b', {})

    await walk.nextUnread()

    expect(walk.opened).toEqual(['far'])
    expect(server.asked[0]).toContain('unread=true')
  })

  test('says so when there is none', async () => {
    new FakeServer()
      .on('GET /api/v1/conversations', () => ({ items: [], next_cursor: null }))
      .install()
    const walk = walking(null, {})

    await walk.nextUnread()

    expect(walk.opened).toEqual([])
    expect(walk.nothing).toHaveBeenCalledOnce()
  })
})
