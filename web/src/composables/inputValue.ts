/** What stands in a field now: `v-model` waits until an input method has ended a word. */
export function inputValue(event: Event): string {
  return (event.target as HTMLInputElement).value
}
