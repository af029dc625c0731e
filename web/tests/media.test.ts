/** The media block: pages, copies that come later, and what is chosen of it. */
import { flushPromises, mount } from '@vue/test-utils'
import { describe, expect, test, vi } from 'vitest'
import { createI18n } from 'vue-i18n'
import { ref } from 'vue'

import type { MediaItem, MediaKind } from '@/api/types'
import ImageAttachment from '@/components/attachments/ImageAttachment.vue'
import { copyNote } from '@/components/attachments/copyNote'
import { picturesOf } from '@/composables/pictures'
import { RENEW_LINKS } from '@/composables/useLoadable'
import { useMedia } from '@/composables/useMedia'
import { useMediaSelection } from '@/composables/useMediaSelection'
import words from '@/i18n/vi.json'
import { downloadAddress, hasExpired } from '@/text/links'

import { FakeFeed, FakeServer, problem, within } from './fakes'
import { aFrame, aMessage, anAttachment } from './samples'

const MEDIA = 'GET /api/v1/customers/u1/media'
const ARCHIVE = 'POST /api/v1/customers/u1/media/archive'

function anItem(message: string, changes: Partial<MediaItem> = {}): MediaItem {
  return {
    message_id: message,
    conversation_id: 'c1',
    position: 0,
    at: '2026-11-22T03:00:00.000Z',
    direction: 'in',
    kind: 'image',
    name: null,
    size: 300,
    mime: 'image/png',
    url: `/api/v1/media/${message}/0?variant=original`,
    thumbnail_url: null,
    copy_state: 'copied',
    copy_reason: null,
    ...changes,
  }
}

async function opened(server: FakeServer, kind = ref<MediaKind>('image')) {
  server.install()
  const feed = new FakeFeed()
  const media = within(() => useMedia({ customerId: 'u1', kind, listen: feed.listen }))
  await flushPromises()
  return { media, feed, kind }
}

const ids = (items: readonly MediaItem[]) => items.map(({ message_id }) => message_id)

describe('the media block', () => {
  test('reads on, each item once', async () => {
    const server = new FakeServer().on(MEDIA, (_, { searchParams }) =>
      searchParams.has('cursor')
        ? { items: [anItem('m2'), anItem('m1')], next_cursor: null }
        : { items: [anItem('m3'), anItem('m2')], next_cursor: 'next' },
    )
    const { media } = await opened(server)

    await media.loadMore()

    expect(ids(media.items.value)).toEqual(['m3', 'm2', 'm1'])
    expect(media.more.value).toBe('none')
  })

  test('shows a copy that has come, and keeps the pages that were read', async () => {
    let newest = [anItem('m3', { url: null, copy_state: 'pending' })]
    const server = new FakeServer().on(MEDIA, (_, { searchParams }) =>
      searchParams.has('cursor')
        ? { items: [anItem('m2', { url: null, copy_state: 'pending' })], next_cursor: null }
        : { items: newest, next_cursor: 'next' },
    )
    const { media, feed } = await opened(server)
    await media.loadMore()
    const attachments = [anAttachment({ url: '/api/v1/media/m2/0?variant=original' })]

    feed.say(
      aFrame({
        type: 'message_changed',
        data: { customer_id: 'u1', message: aMessage({ id: 'm2', attachments }) },
      }),
    )
    await flushPromises()
    expect(media.items.value[1]).toMatchObject({ message_id: 'm2', copy_state: 'copied' })

    newest = [anItem('m4'), anItem('m3')]
    feed.say(
      aFrame({ data: { customer_id: 'u1', message: aMessage({ id: 'm4', attachments }) } }),
    )
    await flushPromises()
    expect(ids(media.items.value)).toEqual(['m4', 'm3', 'm2'])
  })

  test('forgets what was taken back, and minds no other customer', async () => {
    const server = new FakeServer().on(MEDIA, () => ({ items: [anItem('m1')], next_cursor: null }))
    const { media, feed } = await opened(server)
    const gone = aMessage({ id: 'm1', removed_at: '2026-11-22T04:00:00.000Z' })

    feed.say(aFrame({ type: 'message_changed', data: { customer_id: 'u2', message: gone } }))
    expect(ids(media.items.value)).toEqual(['m1'])
    feed.say(aFrame({ type: 'message_changed', data: { customer_id: 'u1', message: gone } }))
    expect(ids(media.items.value)).toEqual([])
    expect(server.asked).toHaveLength(1)
  })

  test('can be read again after a failure', async () => {
    let answers: unknown = problem(503, 'unavailable')
    const { media } = await opened(new FakeServer().on(MEDIA, () => answers))
    expect(media.state.value).toBe('failed')

    answers = { items: [anItem('m1')], next_cursor: null }
    media.retry()
    await flushPromises()

    expect(ids(media.items.value)).toEqual(['m1'])
  })
})

describe('what is chosen', () => {
  test('goes into one zip under the name that the server gives', async () => {
    const server = new FakeServer()
      .on(ARCHIVE, () => {
        const headers = {
          'Content-Disposition': `attachment; filename="t.zip"; filename*=UTF-8''T%E1%BB%87p.zip`,
        }
        return new Response('zip', { headers })
      })
      .install()
    const save = vi.fn()
    const choice = within(() => useMediaSelection('u1', save))
    choice.begin()
    for (const item of [anItem('m1'), anItem('m2', { position: 3 }), anItem('m9')]) choice.toggle(item)
    choice.toggle(anItem('m9'))

    await choice.download()

    const items = [
      { message_id: 'm1', position: 0 },
      { message_id: 'm2', position: 3 },
    ]
    expect(server.bodies).toEqual([{ items }])
    expect(save).toHaveBeenCalledWith(expect.any(Blob), 'Tệp.zip')
    expect(choice.choosing.value).toBe(false)
  })

  test('stays chosen when the zip does not come', async () => {
    new FakeServer().on(ARCHIVE, () => problem(413, 'archive_too_large')).install()
    const save = vi.fn()
    const choice = within(() => useMediaSelection('u1', save))
    choice.begin()
    choice.toggle(anItem('m1'))

    await expect(choice.download()).rejects.toMatchObject({ code: 'archive_too_large' })

    expect(save).not.toHaveBeenCalled()
    expect(choice.chosen.value.size).toBe(1)
    expect(choice.fetching.value).toBe(false)
  })

  test('is never more than the server takes', () => {
    const choice = within(() => useMediaSelection('u1'))
    for (let number = 0; number < 201; number += 1) choice.toggle(anItem(`m${number.toString()}`))

    expect(choice.chosen.value.size).toBe(200)
    expect(choice.full.value).toBe(true)
  })
})

describe('links to media', () => {
  const link = '/api/v1/media/m1/0?variant=original&until=1000&signature=x'

  test('say when they are too old', () => {
    expect(hasExpired(link, 999_999)).toBe(false)
    expect(hasExpired(link, 1_000_000)).toBe(true)
    expect(hasExpired('https://shop.example', 2e12)).toBe(false)
    expect(hasExpired(null, 0)).toBe(false)
  })

  test('are saved by another address than they are shown by', () => {
    expect(downloadAddress(link)).toBe(`${link}&download=1`)
    expect(downloadAddress('https://shop.example/a')).toBe('https://shop.example/a')
  })

  test('that expired are asked for anew; others are said to be broken', async () => {
    const renew = vi.fn()
    const plugins = [createI18n({ locale: 'vi', messages: { vi: words } })]
    const global = { plugins, provide: { [RENEW_LINKS as symbol]: renew } }
    const props = { attachment: anAttachment({ url: link }) }
    const shown = mount(ImageAttachment, { props, global })

    await shown.get('img').trigger('error')
    expect(renew).toHaveBeenCalledTimes(1)
    expect(shown.text()).toContain('Không tải được')

    const fresh = `/api/v1/media/m1/0?variant=original&until=${String(2 ** 40)}&signature=y`
    await shown.setProps({ attachment: anAttachment({ url: fresh }) })
    expect(shown.get('img').attributes('src')).toBe(fresh)
    await shown.get('img').trigger('error')
    expect(renew).toHaveBeenCalledTimes(1)
  })
})

test('the viewer turns through the pictures of a thread that can be seen', () => {
  const pending = anAttachment({ url: null, copy_state: 'pending' })
  const messages = [
    aMessage({ attachments: [anAttachment({ url: '/a' }), pending, anAttachment({ kind: 'file' })] }),
    aMessage({ attachments: [anAttachment({ url: '/b', name: 'b.png' })] }),
  ]

  expect(picturesOf(messages)).toEqual([
    { url: '/a', name: null },
    { url: '/b', name: 'b.png' },
  ])
})

test.each([
  ['pending', null, 'copy.pending'],
  ['failed', 'gone', 'copy.gone'],
  ['failed', 'too_large', 'copy.tooLarge'],
  ['failed', 'unavailable', 'copy.failed'],
  ['none', null, 'copy.none'],
  ['copied', null, 'attachment.cannotLoad'],
] as const)('%s %s is told as %s', (copy_state, copy_reason, key) => {
  expect(copyNote({ copy_state, copy_reason })).toBe(key)
})
