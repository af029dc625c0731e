/** The key of what stands for a message without words: what was attached, or that it was taken back. */
export function previewKey(kind: string | null): string {
  if (kind === null) return 'message.empty'
  return kind === 'removed' ? 'message.removed' : `attachment.${kind}`
}
