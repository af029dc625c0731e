/** Names, links, phone numbers and sizes as they are shown. */
import { describe, expect, test } from 'vitest'

import { componentFor } from '@/components/attachments/kinds'
import UnsupportedAttachment from '@/components/attachments/UnsupportedAttachment.vue'
import { parseFilter } from '@/composables/useFilter'
import { numberOf, objectsOf, textOf } from '@/text/data'
import { textParts, webAddress } from '@/text/links'
import { initials, placeholderKey } from '@/text/names'
import { fileSize, phoneNumber } from '@/text/numbers'
import vi from '@/i18n/vi.json'
import { previewKey } from '@/text/preview'

describe('a person without a name', () => {
  test.each([
    [{ channel: 'facebook' }, 'placeholder.facebook'],
    [{ channel: 'zalo' }, 'placeholder.zalo'],
    [{ channel: 'instagram', kind: 'comment' }, 'placeholder.instagram'],
    [{ channel: 'zalo', kind: 'group' }, 'placeholder.group'],
  ] as const)('%o is called %s', (who, key) => {
    expect(placeholderKey(who)).toBe(key)
  })
})

test.each([
  ['Nguyễn Thị Hồng Ánh', 'HÁ'],
  ['  lan ', 'L'],
  ['đỗ đạt', 'ĐĐ'],
  ['Shop (Hà Nội)', 'HN'],
  ['🌸 Mai', 'M'],
  ['', ''],
])('the initials of "%s" are "%s"', (name, letters) => {
  expect(initials(name)).toBe(letters)
})

describe('links in a text', () => {
  test('are found without the punctuation after them', () => {
    expect(textParts('Xem https://shopee.vn/ao?x=1. Nhé')).toEqual([
      { text: 'Xem ', href: null },
      { text: 'https://shopee.vn/ao?x=1', href: 'https://shopee.vn/ao?x=1' },
      { text: '. Nhé', href: null },
    ])
  })

  test('may leave out https', () => {
    expect(textParts('www.tiki.vn')).toEqual([{ text: 'www.tiki.vn', href: 'https://www.tiki.vn' }])
  })

  test('lose nothing of a text without any', () => {
    expect(textParts('Giá 1.200.000đ / áo')).toEqual([{ text: 'Giá 1.200.000đ / áo', href: null }])
  })

  test.each([
    ['https://cdn.example/a.jpg', 'https://cdn.example/a.jpg'],
    ['/api/v1/uploads/1', '/api/v1/uploads/1'],
    ['javascript:alert(1)', null],
    ['data:text/html,x', null],
    ['', null],
    [null, null],
  ])('%s opens %s', (address, opened) => {
    expect(webAddress(address)).toBe(opened)
  })
})

test.each([
  ['+84912345678', '0912 345 678'],
  ['+842838123456', '0283 812 3456'],
  ['+14155550123', '+14155550123'],
])('the phone %s reads %s', (phone, read) => {
  expect(phoneNumber(phone)).toBe(read)
})

test.each([
  [0, '0 byte'],
  [820_000, '820 kB'],
  [1_240_000, '1,2 MB'],
])('%i bytes read %s', (size, read) => {
  expect(fileSize(size, 'vi')).toBe(read)
})

test('attachment data is read whatever its shape', () => {
  const data = { lat: '10.7', long: 106.7, title: ' ', text: 'Chọn màu', elements: [{ title: 'Áo' }, 1, null] }

  expect([numberOf(data, 'latitude', 'lat'), numberOf(data, 'long')]).toEqual([10.7, 106.7])
  expect(numberOf(data, 'title')).toBeNull()
  expect(textOf(data, 'title', 'text')).toBe('Chọn màu')
  expect(objectsOf(data, 'elements')).toEqual([{ title: 'Áo' }])
  expect(objectsOf(data, 'buttons')).toEqual([])
})

test('an attachment kind that this page does not know is shown as unsupported', () => {
  expect(componentFor('hologram')).toBe(UnsupportedAttachment)
  expect(componentFor('image')).not.toBe(UnsupportedAttachment)
})

test('an address that asks for nonsense asks for everything', () => {
  expect(parseFilter({ view: 'hacked', channel: ['zalo'], unread: 'yes', q: null })).toEqual({
    view: 'all',
    channel: null,
    bot_id: null,
    unread: false,
    tags: [],
    q: '',
  })
})

test.each([
  ['vip', ['vip']],
  [['vip', 'late', null], ['vip', 'late']],
  ['', []],
])('an address with the tags %o is of %o', (tag, tags) => {
  expect(parseFilter({ tag }).tags).toEqual(tags)
})

describe('what stands for a message without words', () => {
  test.each([null, 'removed', 'image', 'unsupported'])('has words for %s', (kind) => {
    expect(vi).toHaveProperty(previewKey(kind))
  })
})
