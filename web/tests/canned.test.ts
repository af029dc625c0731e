/** Canned replies in the composer: when they are offered, and what a choice puts where. */
import { flushPromises } from '@vue/test-utils'
import { describe, expect, test, vi } from 'vitest'
import { ref } from 'vue'

import type { CannedReply } from '@/api/types'
import { useCanned } from '@/composables/useCanned'

import { FakeServer, later, problem, within } from './fakes'

const REPLIES = 'GET /api/v1/canned-replies'
const FILLED = 'GET /api/v1/conversations/c1/canned-replies/r1'

function aReply(id: string, shortcut: string, text: string, bot: string | null = null): CannedReply {
  return { id, bot_id: bot, shortcut, text }
}

const ALL = [
  aReply('r1', 'chào', 'Dạ em chào {{name}}'),
  aReply('r2', 'ship', 'Phí giao hàng là 30k'),
  aReply('r3', 'gia', 'Giá của bot khác', 'b2'),
]

function key(name: string): KeyboardEvent {
  return new KeyboardEvent('keydown', { key: name, cancelable: true })
}

async function writing(server = new FakeServer()) {
  server.on(REPLIES, () => ({ items: ALL })).install()
  const text = ref('')
  const failed = vi.fn()
  let caret = 0
  const canned = within(() =>
    useCanned({
      conversationId: 'c1',
      botId: () => 'b1',
      text,
      write: (words, at) => {
        text.value = words
        caret = at
        canned.look(at)
      },
      failed,
    }),
  )
  const type = async (words: string, at = words.length) => {
    text.value = words
    canned.look(at)
    await flushPromises()
  }
  await type('/')
  const offered = () => (canned.open.value ? canned.options.value.map(({ shortcut }) => shortcut) : [])
  return { canned, text, type, offered, failed, caret: () => caret, server }
}

describe('a slash', () => {
  test.each([
    ['/', ['chào', 'ship']],
    ['/CHAO', ['chào']],
    ['/giao', ['ship']],
    ['Dạ /sh', ['ship']],
    ['http://sh', []],
    ['1/2', []],
    ['/ship ', []],
    ['/nothing', []],
  ])('in %j offers %j', async (words, wanted) => {
    const { type, offered } = await writing()
    await type(words)
    expect(offered()).toEqual(wanted)
  })

  test('gives way to the words for the customer, where it stood', async () => {
    const server = new FakeServer().on(FILLED, () => ({ text: 'Dạ em chào Ánh' }))
    const { canned, text, type, offered, caret } = await writing(server)
    await type('Alo /ch ạ', 'Alo /ch'.length)
    const enter = key('Enter')
    expect(canned.press(enter)).toBe(true)
    expect(enter.defaultPrevented).toBe(true)
    await flushPromises()

    expect(text.value).toBe('Alo Dạ em chào Ánh ạ')
    expect(caret()).toBe('Alo Dạ em chào Ánh'.length)
    expect(offered()).toEqual([])
  })

  test('is chosen by arrows, and left alone by Escape', async () => {
    const { canned, offered, type } = await writing()
    canned.press(key('ArrowDown'))
    expect(canned.index.value).toBe(1)
    canned.press(key('ArrowDown'))
    expect(canned.index.value).toBe(0)
    canned.press(key('Escape'))
    expect(offered()).toEqual([])
    expect(canned.press(key('Enter'))).toBe(false) // now it is a message like any other
    await type('xong ')
    await type('xong /')
    expect(offered()).toEqual(['chào', 'ship'])
  })

  test('is not sent to the customer while its words are on their way', async () => {
    const answer = later<unknown>()
    const { canned, text, type } = await writing(new FakeServer().on(FILLED, () => answer.promise))
    await type('/ch')
    canned.press(key('Enter'))
    const again = key('Enter')
    expect(canned.press(again)).toBe(true)
    expect(again.defaultPrevented).toBe(true)
    await type('khác rồi')
    answer.give({ text: 'Dạ em chào Ánh' })
    await flushPromises()
    expect(text.value).toBe('khác rồi') // what was written meanwhile is not lost
  })

  test('says why the words did not come', async () => {
    const { canned, text, type, failed } = await writing(
      new FakeServer().on(FILLED, () => problem(404, 'not_found', 'Không còn')),
    )
    await type('/ch')
    canned.press(key('Enter'))
    await flushPromises()
    expect(failed).toHaveBeenCalledOnce()
    expect(text.value).toBe('/ch')
  })
})
