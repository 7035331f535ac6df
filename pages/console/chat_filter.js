/** Which rows of the chat are wanted: those of a user, and those with a text. */

/** A function that tells whether a row `{ user, said }` is wanted. An empty text wants all. */
export function filter(byUser, byText) {
  const whom = folded(byUser), what = folded(byText);
  return ({ user, said }) => {
    if (whom && !(user && (folded(user.id).includes(whom) || folded(user.name).includes(whom)))) return false;
    return !what || folded(said).includes(what);
  };
}

function folded(value) {
  return String(value ?? "").normalize("NFKC").toLowerCase().trim();
}
