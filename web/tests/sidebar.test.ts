/** The customer beside the thread: blocks that come and go, edits that clash, what was told. */
import { flushPromises, mount } from '@vue/test-utils'
import { describe, expect, test } from 'vitest'
import { effectScope, ref } from 'vue'

import type { Blocks } from '@/api/sidebar'
import type { Customer } from '@/api/types'
import ContactField from '@/components/sidebar/ContactField.vue'
import SidebarBlock from '@/components/sidebar/SidebarBlock.vue'
import SuggestionChips from '@/components/sidebar/SuggestionChips.vue'
import { useCustomerField } from '@/composables/useCustomerField'
import { useSidebar } from '@/composables/useSidebar'
import { i18n } from '@/i18n'
import { fold } from '@/text/fold'

import { FakeFeed, FakeServer, later, problem, within } from './fakes'
import { aConversation, aCustomer, aFrame, aMessage } from './samples'

const SIDEBAR = 'GET /api/v1/conversations/c1/sidebar'
const EDIT = 'PATCH /api/v1/customers/u1'
const DECIDE = 'POST /api/v1/customers/u1/suggestions'
const global = { plugins: [i18n] }

function withCustomer(customer: Customer): Blocks {
  return { customer: { state: 'ok', data: customer, off: null } }
}

async function opened(server: FakeServer) {
  server.install()
  const feed = new FakeFeed()
  const sidebar = within(() =>
    useSidebar({ conversationId: 'c1', customerId: () => 'u1', listen: feed.listen }),
  )
  await flushPromises()
  return { sidebar, feed }
}

describe('the blocks', () => {
  test('are read anew for what concerns them, and for nothing else', async () => {
    const server = new FakeServer().on(SIDEBAR, () => ({ blocks: withCustomer(aCustomer()) }))
    const { feed } = await opened(server)
    const reads = async (): Promise<number> => {
      await flushPromises()
      return server.asked.length
    }
    expect(await reads()).toBe(1)

    feed.say(aFrame({ type: 'customer_changed', data: { customer_id: 'u2' } }))
    feed.say(aFrame({ conversation_id: 'c2', data: { message: aMessage() } }))
    feed.say(aFrame({ type: 'message_changed', data: { message: aMessage({ direction: 'out' }) } }))
    expect(await reads()).toBe(1)

    const frames = [
      aFrame({ type: 'customer_changed', data: { customer_id: 'u1' } }),
      aFrame({ type: 'tags_changed', conversation_id: null }),
      aFrame({ data: { message: aMessage() } }),
      aFrame({ type: 'viewers_changed' }),
      aFrame({ type: 'conversation_changed', data: { conversation: aConversation() } }),
    ]
    for (const [at, frame] of frames.entries()) {
      feed.say(frame)
      expect(await reads()).toBe(at + 2)
    }
    feed.say(aFrame({ type: 'conversation_changed', data: { conversation: aConversation({ unread: 2 }) } }))
    expect(await reads()).toBe(6) // the same people
  })

  test('of many changes at once are read twice at most', async () => {
    const answers = [later<unknown>(), later<unknown>()]
    let asked = 0
    const server = new FakeServer().on(SIDEBAR, () => answers[asked++]?.promise)
    const { sidebar, feed } = await opened(server)
    for (let times = 0; times < 5; times += 1) feed.say(aFrame({ type: 'tags_changed' }))
    answers[0]?.give({ blocks: withCustomer(aCustomer({ note: 'cũ' })) })
    await flushPromises()
    answers[1]?.give({ blocks: withCustomer(aCustomer({ note: 'mới' })) })
    await flushPromises()

    expect(asked).toBe(2)
    expect(sidebar.blocks.value.customer?.data?.note).toBe('mới')
  })

  test('keep what they held while the server is slow, and never show an older customer', async () => {
    let blocks: Blocks = withCustomer(aCustomer({ version: 3, note: 'mới' }))
    const { sidebar } = await opened(new FakeServer().on(SIDEBAR, () => ({ blocks })))

    blocks = { customer: { state: 'slow', data: null, off: null } }
    await sidebar.load()
    expect(sidebar.blocks.value.customer).toMatchObject({ state: 'slow', data: { note: 'mới' } })

    blocks = withCustomer(aCustomer({ version: 2, note: 'cũ' }))
    await sidebar.load()
    expect(sidebar.blocks.value.customer?.data?.note).toBe('mới')
  })

  test('say why there is nothing, and can be asked for again', async () => {
    const off = { code: 'not_set_up', vi: 'Chưa kết nối CRM.', en: 'No CRM is connected.' }
    const props = { name: 'crm', title: 'CRM', loading: false }
    const shown = mount(SidebarBlock, { props: { ...props, block: { state: 'off', data: null, off } }, global })
    expect(shown.text()).toContain('Chưa kết nối CRM.')
    expect(shown.find('button').exists()).toBe(false)

    await shown.setProps({ block: { state: 'failed', data: null, off: null } })
    await shown.get('[data-testid="block-retry"]').trigger('click')
    expect(shown.emitted('retry')).toHaveLength(1)
  })
})

describe('a field of the customer', () => {
  function editing(server: FakeServer, customer = aCustomer({ note: 'cũ', version: 4 })) {
    server.install()
    const current = ref(customer)
    const field = within(() =>
      useCustomerField<string>({
        name: 'note',
        customer: () => current.value,
        read: (from) => from.note ?? '',
        edit: (note) => ({ note }),
        saved: (after) => {
          current.value = after
        },
        outdated: () => undefined,
      }),
    )
    field.begin()
    field.draft.value = 'của tôi'
    return { field, current }
  }

  test('is gone on with where it was left, and never twice', () => {
    const server = new FakeServer().on(EDIT, () => aCustomer({ version: 6 })).install()
    const customer = aCustomer({ id: 'left', note: 'cũ', version: 4 })
    const open = () => {
      const scope = effectScope()
      const source = {
        name: 'note',
        customer: () => customer,
        read: (from: Partial<typeof customer>) => from.note ?? '',
        edit: (note: string) => ({ note }),
        saved: () => undefined,
        outdated: () => undefined,
      }
      const field = scope.run(() => useCustomerField<string>(source))
      if (!field) throw new Error('the scope runs')
      return { scope, field }
    }
    const first = open()
    first.field.begin()
    first.field.draft.value = 'viết dở'
    first.scope.stop()

    const second = open()
    expect([second.field.state.value, second.field.draft.value]).toEqual(['editing', 'viết dở'])
    second.field.cancel()
    second.scope.stop()

    const third = open()
    expect(third.field.state.value).toBe('shown')
    third.scope.stop()
    expect(server.asked).toEqual([])
  })

  test('is saved with the version from when the edit began', async () => {
    const versions: (string | null)[] = []
    const server = new FakeServer().on(EDIT, ({ headers }) => {
      versions.push(headers.get('If-Match'))
      return aCustomer({ note: 'của tôi', version: 6 })
    })
    const { field, current } = editing(server)
    current.value = aCustomer({ note: 'cũ', version: 5 }) // somebody changed another field
    await field.save()

    expect(versions).toEqual(['4'])
    expect(server.bodies).toEqual([{ note: 'của tôi' }])
    expect(field.state.value).toBe('shown')
    expect(current.value.note).toBe('của tôi')
  })

  test('shows what a colleague saved, and writes over only what was shown', async () => {
    const versions: (string | null)[] = []
    const current = { note: 'của Lan', version: 9 }
    const server = new FakeServer().on(EDIT, ({ headers }) => {
      versions.push(headers.get('If-Match'))
      if (versions.length === 2) return aCustomer({ note: 'của tôi', version: 10 })
      return Response.json({ status: 412, code: 'version_clash', detail: 'x', current }, { status: 412 })
    })
    const { field } = editing(server)
    await field.save()
    expect(field.state.value).toBe('clash')
    expect(field.theirs.value).toBe('của Lan')
    expect(field.draft.value).toBe('của tôi')

    await field.overwrite()
    expect(versions).toEqual(['4', '9'])
    expect(field.state.value).toBe('shown')
  })

  test('stays open with the words of a refusal', async () => {
    const { field } = editing(new FakeServer().on(EDIT, () => problem(503, 'unavailable', 'Thử lại sau')))
    await field.save()
    expect(field.state.value).toBe('editing')
    expect(field.error.value?.message).toBe('Thử lại sau')
    expect(field.draft.value).toBe('của tôi')
  })

  test('tells which of several numbers is wrong, empty lines left out', async () => {
    const server = new FakeServer()
      .on(EDIT, () =>
        Response.json(
          { status: 422, code: 'invalid_input', detail: 'x', errors: [{ field: 'phones.1', code: 'c', message: 'Sai số' }] },
          { status: 422 },
        ),
      )
      .install()
    const customer = aCustomer({ phones: ['+84912345678'] })
    const shown = mount(ContactField, { props: { name: 'phones', customer }, global })
    expect(shown.get('a').attributes('href')).toBe('tel:+84912345678')
    expect(shown.get('a').text()).toBe('0912 345 678')
    await shown.get('[data-testid="edit-phones"]').trigger('click')
    await shown.get('[data-testid="more-phones"]').trigger('click')
    await shown.get('[data-testid="more-phones"]').trigger('click')
    await shown.findAll('input')[2]?.setValue('12')
    await shown.get('form').trigger('submit')
    await flushPromises()

    expect(server.bodies).toEqual([{ phones: ['0912 345 678', '12'] }])
    const wrong = shown.findAll('input').map((input) => input.attributes('aria-invalid'))
    expect(wrong).toEqual(['false', 'false', 'true'])
    expect(shown.text()).toContain('Sai số')
  })

  test('is read in full on request, and a mask is never what is edited', async () => {
    const server = new FakeServer()
      .on('POST /api/v1/customers/u1/reveal', () => ({ field: 'phones', value: ['+84912345678'] }))
      .install()
    const customer = aCustomer({ phones: ['+84912***678'] })
    const shown = mount(ContactField, { props: { name: 'phones', customer }, global })
    expect(shown.find('a').exists()).toBe(false)
    expect(shown.find('[data-testid="copy-phones"]').exists()).toBe(false)
    await shown.get('[data-testid="edit-phones"]').trigger('click')
    await flushPromises()

    expect(server.bodies).toEqual([{ field: 'phones' }])
    expect(shown.get('input').element.value).toBe('0912 345 678')
  })
})

describe('a suggestion', () => {
  const PHONE = {
    kind: 'phone' as const,
    value: '+84912345678',
    message_id: 'm1',
    conversation_id: 'c1',
    at: '2026-11-22T03:00:00.000Z',
    replaces: null,
  }

  test('goes at once, and comes back when that failed', async () => {
    const answer = later<Response>()
    new FakeServer().on(DECIDE, () => answer.promise).install()
    const shown = mount(SuggestionChips, { props: { customerId: 'u1', items: [PHONE] }, global })
    expect(shown.text()).toContain('Lưu số 0912 345 678?')
    await shown.get('[data-testid="suggestion-save"]').trigger('click')
    expect(shown.find('[data-testid="suggestion"]').exists()).toBe(false)

    answer.give(problem(503, 'unavailable'))
    await flushPromises()
    expect(shown.find('[data-testid="suggestion"]').exists()).toBe(true)
    expect(shown.emitted('decided')).toBeUndefined()
  })

  test('of an address says what it replaces, and is offered again when told again', async () => {
    new FakeServer().on(DECIDE, () => aCustomer()).install()
    const address = { ...PHONE, kind: 'address' as const, value: '25 Trần Phú', replaces: '12 Láng Hạ' }
    const shown = mount(SuggestionChips, { props: { customerId: 'u1', items: [address] }, global })
    expect(shown.get('[data-testid="suggestion-replaces"]').text()).toContain('12 Láng Hạ')
    await shown.get('[data-testid="suggestion-decline"]').trigger('click')
    await flushPromises()
    await shown.setProps({ items: [] })
    await shown.setProps({ items: [address] })

    expect(shown.find('[data-testid="suggestion"]').exists()).toBe(true)
  })
})

test.each([
  ['Đặng Thị  Hường ', 'dang thi huong'],
  ['KHÁCH SỈ'.normalize('NFD'), 'khach si'],
  ['  ', ''],
])('%s is found as %s', (text, folded) => {
  expect(fold(text)).toBe(folded)
})
