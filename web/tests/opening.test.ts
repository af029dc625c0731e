/** What opens below a button gives the focus back to it. */
import { mount } from '@vue/test-utils'
import { nextTick } from 'vue'
import { expect, test } from 'vitest'

import { useOpening } from '@/composables/useOpening'

const Panel = {
  setup: () => useOpening<'edit' | 'delete'>(),
  template: `
    <button id="edit" @click="toggle('edit', $event)" />
    <button id="delete" @click="toggle('delete', $event)" />
    <input v-if="open" @keydown.esc="close" />
  `,
}

test('closing by key leads back to the button that opened it', async () => {
  const panel = mount(Panel, { attachTo: document.body })

  await panel.get('#edit').trigger('click')
  await panel.get('#delete').trigger('click')
  expect(panel.vm.open).toBe('delete')
  panel.get('input').element.focus()
  await panel.get('input').trigger('keydown', { key: 'Escape' })
  await nextTick()

  expect(panel.vm.open).toBeNull()
  expect(document.activeElement?.id).toBe('delete')
  panel.unmount()
})

test('a second press of the same button closes it', async () => {
  const panel = mount(Panel)

  await panel.get('#edit').trigger('click')
  await panel.get('#edit').trigger('click')

  expect(panel.vm.open).toBeNull()
})
