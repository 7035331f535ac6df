// CloudFront function, on each viewer request: /websocket/{activityId}/{username} becomes
// /websocket?activityId=...&username=..., since API Gateway takes nothing behind its stage. Parameters of those two
// names in the query itself are dropped: the path speaks. All others stay, in their order, as they were written.
// The emulator's stand-in is local/aws/distribution.py; tests/infra/test_edge_rewrite.py compares the two.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html

const STAGE = 'websocket';
const NAMES = ['activityId', 'username'];

// One escape, characters beyond ASCII (pairs of surrogates among them), or one that may not stand in a query as it is.
const ODD = /%[0-9A-Fa-f]{2}|[^\x00-\x7f]+|[^A-Za-z0-9_.~-]/g;
const PLAIN = /^[A-Za-z0-9_.~-]$/;

function handler(event) {
  const request = event.request;
  const parts = request.uri.split('/');
  if (parts.length !== 4 || parts[0] || parts[1] !== STAGE || !parts[2] || !parts[3]) {
    return request;
  }
  if (requoted(parts[2]) === '%40connections') {
    return request;
  }
  // As the viewer sent it: in request.querystring names that are repeated have lost their places.
  const pairs = (request.rawQueryString() || '').split('&');
  const others = pairs.filter((pair) => pair && NAMES.indexOf(nameOf(pair)) < 0);
  const named = NAMES.map((name, place) => name + '=' + requoted(parts[2 + place]));
  request.uri = '/' + STAGE;
  request.querystring = named.concat(others).join('&');
  return request;
}

function nameOf(pair) {
  return requoted(pair.split('=', 1)[0]);
}

// A segment of a path as a value of a query: in a query a `+` or `&` would be something else. Bytes that are no UTF-8
// stay the bytes they are, which decodeURIComponent would throw at.
function requoted(segment) {
  return segment.replace(ODD, (odd) => {
    if (odd.charAt(0) === '%' && odd.length === 3) {
      const character = String.fromCharCode(parseInt(odd.slice(1), 16));
      return PLAIN.test(character) ? character : odd.toUpperCase();
    }
    return escaped(odd);
  });
}

function escaped(characters) {
  const code = characters.charCodeAt(0);
  if (code > 127) {
    return encodeURIComponent(characters);
  }
  return '%' + (code < 16 ? '0' : '') + code.toString(16).toUpperCase();
}
