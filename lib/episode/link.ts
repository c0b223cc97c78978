/**
 * Whether a symbolic link stays inside its episode, judged by its text alone so that packer and receiver
 * agree without seeing the rest of the tree: `..` parts come first, no more of them than the link has parent
 * directories, and none follows a name. (A `..` behind a name could leave through a link of that name.)
 *
 * @param path where the link lies, relative to the episode, parts joined by `/`
 */
export function linkStaysInside(path: string, target: string): boolean {
  if (target === "" || target.startsWith("/") || target.includes("\0")) return false;
  let above = path.split("/").length - 1;
  let named = false;
  for (const part of target.split("/")) {
    if (part === "..") {
      if (named || above === 0) return false;
      above--;
    } else if (part !== "" && part !== ".") {
      named = true;
    }
  }
  return true;
}
