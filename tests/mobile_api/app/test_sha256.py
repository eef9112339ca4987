"""Files too large to be hashed at once have the same SHA-256 as everywhere."""

import hashlib

from playwright.async_api import Browser

from tests.mobile_api.app.conftest import City, a_phone_tab

SIZES = [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 1000, 100_003]
HASHED = """([sizes, slice]) => import('/app/engine/sha256.js').then(({Hash}) => sizes.map((size) => {
    const bytes = Uint8Array.from({length: size}, (_, at) => (at * 7 + 3) % 251);
    const hash = new Hash();
    for (let at = 0; at < size; at += slice) hash.add(bytes.subarray(at, at + slice));
    return hash.end();
}))"""


async def test_a_digest_over_slices_is_the_digest_of_the_whole(browser: Browser, city: City) -> None:
    expected = [hashlib.sha256(bytes((at * 7 + 3) % 251 for at in range(size))).hexdigest() for size in SIZES]
    async with a_phone_tab(browser, city) as phone:
        await phone.open()
        for slice_ in (1, 61, 64, 4096):
            assert await phone.page.evaluate(HASHED, [SIZES, slice_]) == expected
