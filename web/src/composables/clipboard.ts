/** Copying for somebody who pressed for it. */

/** Whether it was copied: browsers forbid it now and then, and always where there is no TLS. */
export async function copied(text: string): Promise<boolean> {
  if (!('clipboard' in navigator)) return false
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch (failure) {
    if (!(failure instanceof DOMException)) throw failure
    return false
  }
}
