export async function backup(_file: string): Promise<readonly string[]> { throw new Error('not wired'); }
export async function restore(_file: string): Promise<readonly string[]> { throw new Error('not wired'); }
