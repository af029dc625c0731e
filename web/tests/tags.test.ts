/** Tags: found without accents, made once, shown before the server has answered. */
import { flushPromises } from '@vue/test-utils'
import { describe, expect, test } from 'vitest'
import { ref } from 'vue'

import { ApiError } from '@/api/client'
import type { Tag } from '@/api/types'
import { useCustomerTags } from '@/composables/useCustomerTags'
import { useTagCatalogue } from '@/composables/useTagCatalogue'
import { useTagPicker } from '@/composables/useTagPicker'

import { FakeFeed, FakeServer, later, problem, within } from './fakes'
import { aFrame, aTag } from './samples'

const CATALOGUE = 'GET /api/v1/tags'
const ATTACH = 'POST /api/v1/customers/u1/tags'
const ORDER = 'POST /api/v1/tags/order'
const [SI, LE, OLD] = [aTag('Khách sỉ'), aTag('Khách lẻ'), aTag('Nợ', { retired: true })]

async function picking(mayCreate = true) {
  new FakeServer().on(CATALOGUE, () => ({ items: [SI, LE, OLD], may_create: mayCreate })).install()
  const text = ref('')
  const picker = within(() => useTagPicker({ text, attached: () => [LE] }))
  await picker.load()
  const offered = () =>
    picker.options.value.map((one) =>
      one.kind === 'new' ? `+ ${one.name}` : `${one.tag.name}${one.done ? ' ✓' : ''}`,
    )
  return { text, picker, offered }
}

describe('the picker', () => {
  test('lists active tags, and offers a new one only for what is none', async () => {
    const { text, picker, offered } = await picking()
    expect(offered()).toEqual(['Khách sỉ', 'Khách lẻ ✓'])
    text.value = 'KHACH'
    expect(offered()).toEqual(['Khách sỉ', 'Khách lẻ ✓', '+ KHACH'])
    text.value = ' khach  SI '
    expect(offered()).toEqual(['Khách sỉ'])
    text.value = '  Thân   thiết '
    expect(offered()).toEqual(['+ Thân thiết'])
    text.value = 'no'
    expect(offered()).toEqual([])
    expect(picker.retired.value).toBe(true)
  })

  test('offers nothing new to whoever may not make tags', async () => {
    const { text, offered } = await picking(false)
    text.value = 'Thân thiết'
    expect(offered()).toEqual([])
  })
})

describe('the tags of a customer', () => {
  function tagging(server: FakeServer, items = ref<Tag[]>([])) {
    server.install()
    const changed = async (): Promise<void> => {
      await Promise.resolve()
    }
    const tags = within(() =>
      useCustomerTags({ customerId: () => 'u1', items: () => items.value, changed }),
    )
    return { tags, items, shown: () => tags.tags.value.map(({ name }) => name) }
  }

  test('show a tag before the answer, and once when it is there', async () => {
    const answer = later<unknown>()
    const { tags, items, shown } = tagging(new FakeServer().on(ATTACH, () => answer.promise))
    const done = tags.attach(SI)
    expect(shown()).toEqual(['Khách sỉ'])
    items.value = [SI]
    expect(shown()).toEqual(['Khách sỉ'])
    answer.give({ tag: SI, created: false, attached: true })
    await done
    expect(shown()).toEqual(['Khách sỉ'])
  })

  test('say why a tag was refused, and show it no more', async () => {
    const { tags, shown } = tagging(new FakeServer().on(ATTACH, () => problem(422, 'too_many_tags', 'Nhiều quá')))
    await tags.attach(SI)
    expect(shown()).toEqual([])
    expect(tags.error.value?.message).toBe('Nhiều quá')
  })

  test('are not made twice by two presses', async () => {
    const answer = later<unknown>()
    const server = new FakeServer().on(ATTACH, () => answer.promise)
    const { tags } = tagging(server)
    const both = [tags.create('Mới'), tags.create('Mới')]
    answer.give({ tag: aTag('Mới'), created: true, attached: true })
    await Promise.all(both)
    expect(server.bodies).toEqual([{ name: 'Mới', tag_id: null }])
    expect(tags.making.value).toBeNull()
  })
})

describe('the catalogue', () => {
  test('moves a tag at once, and no read meanwhile brings the old order back', async () => {
    const answer = later<unknown>()
    let order = [SI, LE]
    const server = new FakeServer()
      .on(CATALOGUE, () => ({ items: order, may_create: true }))
      .on(ORDER, () => answer.promise)
      .install()
    const feed = new FakeFeed()
    const catalogue = within(() => useTagCatalogue({ listen: feed.listen }))
    await flushPromises()
    const names = () => catalogue.tags.value.map(({ name }) => name)

    const moved = catalogue.move(LE.id, 0)
    feed.say(aFrame({ type: 'tags_changed' }))
    await flushPromises()
    expect(names()).toEqual(['Khách lẻ', 'Khách sỉ'])
    order = [LE, SI]
    answer.give({ items: order, may_create: true })
    await moved

    expect(server.bodies).toEqual([{ ids: [LE.id, SI.id] }])
    expect(names()).toEqual(['Khách lẻ', 'Khách sỉ'])
  })

  test('shows the old order again when the new one was refused', async () => {
    new FakeServer()
      .on(CATALOGUE, () => ({ items: [SI, LE], may_create: true }))
      .on(ORDER, () => problem(422, 'invalid_input', 'Không được'))
      .install()
    const catalogue = within(() => useTagCatalogue({ listen: new FakeFeed().listen }))
    await flushPromises()

    await expect(catalogue.move(LE.id, 0)).rejects.toBeInstanceOf(ApiError)
    expect(catalogue.tags.value.map(({ name }) => name)).toEqual(['Khách sỉ', 'Khách lẻ'])
  })
})
