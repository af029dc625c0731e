/** Messages that come while nobody looks: the title, and the desktop once it was asked. */
import { beforeEach, describe, expect, test, vi } from 'vitest'

import type { LiveFrame } from '@/api/types'
import { news, useNews } from '@/composables/useNews'

import { FakeFeed, within } from './fakes'
import { aFrame, aMessage } from './samples'

function watching({ looked = false } = {}) {
  vi.spyOn(document, 'hasFocus').mockReturnValue(looked)
  const feed = new FakeFeed()
  const told: string[] = []
  within(() => {
    useNews({
      listen: feed.listen,
      staffId: () => 'lan',
      tell: ({ message }) => told.push(message.id),
    })
  })
  return { feed, told }
}

function received(id: string, data: Partial<LiveFrame['data']> = {}): LiveFrame {
  const conversation = { assignee: null, participants: [], status: 'open' as const }
  return aFrame({ data: { message: aMessage({ id }), conversation, ...data } })
}

describe('a message of a customer', () => {
  test('counts while nobody looks, once, until somebody does', () => {
    const { feed, told } = watching()

    feed.say(received('m1'))
    feed.say(received('m1'))
    feed.say(received('m2'))
    expect([news.value, told]).toEqual([2, ['m1', 'm2']])

    vi.spyOn(document, 'hasFocus').mockReturnValue(true)
    window.dispatchEvent(new Event('focus'))
    expect(news.value).toBe(0)
  })

  test('is no news before somebody who sees it come', () => {
    const { feed, told } = watching({ looked: true })

    feed.say(received('m1'))

    expect([news.value, told]).toEqual([0, []])
  })

  test.each([
    ['late', { late: true }],
    ['in the place of another', { replaces: 'm0' }],
    ['our own', { message: aMessage({ direction: 'out' }) }],
    ['of a colleague', { conversation: { assignee: 'hoa', participants: ['hoa'] } }],
    ['spam', { conversation: { status: 'spam' as const } }],
  ])('that is %s rings for nobody', (_, data) => {
    const { feed, told } = watching()

    feed.say(received('m1', data))

    expect([news.value, told]).toEqual([0, []])
  })

  test('of a conversation that one takes part in does', () => {
    const { feed, told } = watching()

    feed.say(received('m1', { conversation: { assignee: 'hoa', participants: ['hoa', 'lan'] } }))

    expect(told).toEqual(['m1'])
  })
})

describe('the desktop', () => {
  /** What a browser does, asked by a press. */
  class FakeNotification {
    static permission: NotificationPermission = 'default'
    static answer: NotificationPermission = 'granted'
    static asked = 0
    static readonly shown: FakeNotification[] = []
    onclick: (() => void) | null = null
    readonly close = vi.fn()

    constructor(
      readonly title: string,
      readonly options: NotificationOptions,
    ) {
      FakeNotification.shown.push(this)
    }

    static requestPermission(): Promise<NotificationPermission> {
      FakeNotification.asked += 1
      FakeNotification.permission = FakeNotification.answer
      return Promise.resolve(FakeNotification.answer)
    }
  }

  beforeEach(() => {
    localStorage.clear()
    vi.resetModules()
    vi.stubGlobal('Notification', FakeNotification)
    FakeNotification.permission = 'default'
    FakeNotification.answer = 'granted'
    FakeNotification.asked = 0
    FakeNotification.shown.length = 0
    return () => vi.unstubAllGlobals()
  })

  /** As a page that was just loaded has it. */
  async function loaded() {
    const { useDesktopNotices } = await import('@/composables/useDesktopNotices')
    return useDesktopNotices()
  }

  const notice = { id: 'm1', title: 'Ánh', body: 'Shop ơi', press: () => undefined }

  test('shows nothing and asks nothing until somebody wants it', async () => {
    const { state, show } = await loaded()

    show(notice)

    expect([state.value, FakeNotification.asked, FakeNotification.shown]).toEqual(['off', 0, []])
  })

  test('shows messages from a press on, also after a reload, and a press leads to them', async () => {
    await (await loaded()).toggle()
    vi.resetModules()
    const { state, show } = await loaded()
    const pressed = vi.fn()

    show({ ...notice, press: pressed })
    FakeNotification.shown[0]?.onclick?.()

    expect(state.value).toBe('on')
    expect(FakeNotification.asked).toBe(1)
    expect(FakeNotification.shown[0]).toMatchObject({ title: 'Ánh', options: { tag: 'm1' } })
    expect(pressed).toHaveBeenCalledOnce()
  })

  test('is off again with another press', async () => {
    const { state, toggle, show } = await loaded()
    await toggle()
    await toggle()

    show(notice)

    expect([state.value, FakeNotification.shown]).toEqual(['off', []])
  })

  test('says that the browser forbids it', async () => {
    FakeNotification.answer = 'denied'
    const { state, toggle } = await loaded()

    await toggle()

    expect(state.value).toBe('denied')
  })

  test('is not offered where there is none', async () => {
    vi.stubGlobal('Notification', undefined)
    delete (globalThis as { Notification?: unknown }).Notification

    expect((await loaded()).state.value).toBe('unsupported')
  })
})
