/** Words with commas between them, as one option has them. */
import { InvalidArgumentError } from 'commander';

/** The words of a list, for commander. */
export function listArgument(text: string): string[] {
  const words = text.split(',').map((word) => word.trim());
  if (words.includes('')) throw new InvalidArgumentError('It must be words with commas between them.');
  return words;
}
