"""What is pressed on a screen has a name and the size of a gloved thumb, all is read in the sun; papers are scanned."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.async_api import FilePayload

from tests.mobile_api.app.conftest import PhoneTab
from tests.mobile_api.app.test_screens import TASK, tell

SCREENS = ("", "tasks/PLANNED", "start", "join", "queue", "settings", "second")
STEPS = (
    "", "scan", "credentials", "rights", "findings", "capture", "document", "reading", "statement", "outcome", "record",
    "documents", "close", "conflict",
)  # fmt: skip
LEAST = 48
"""CSS pixels, each way: Material Design's touch target; WCAG 2.5.5 asks for 44."""
CONTRAST = 4.5
"""WCAG 1.4.3, level AA."""

LOOK = (Path(__file__).parent / "look.js").read_text("utf-8")


@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_every_control_of_every_screen_can_be_read_named_and_hit(phone: PhoneTab, colours: str) -> None:
    await phone.page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
    await phone.open()
    await phone.page.locator("h1").wait_for()
    wrong = {"sign-in": await phone.page.evaluate(LOOK, [LEAST, CONTRAST])}
    await phone.sign_in("officer-a")
    await phone.ready_offline()
    await tell(phone, "{type: 'JOINED'}")
    await tell(phone, "{type: 'OUTCOME', outcome: 'ORDER_TO_CORRECT', correct_by: '2099-12-08'}")
    visit = f"visit/{await phone.engine(TASK)}"
    for screen in (*SCREENS, *(f"{visit}/{step}" for step in STEPS)):
        await phone.open(f"#/{screen}")
        await phone.page.locator("h1").first.wait_for()
        wrong[screen.rpartition("/")[2]] = await phone.page.evaluate(LOOK, [LEAST, CONTRAST])
    assert {screen: found for screen, found in wrong.items() if found} == {}


def a_paper() -> FilePayload:
    """A grey sheet on a dark table, something written on it."""
    picture = Image.new("RGB", (800, 600), (60, 50, 40))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((200, 60, 760, 560), (190, 188, 180))
    for line in range(120, 520, 60):
        draw.line((260, line, 700, line), (70, 70, 80), 6)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95)
    return {"name": "paper.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


async def test_a_paper_is_cut_and_made_black_on_white_and_its_photograph_is_kept(phone: PhoneTab, shots: Path) -> None:
    await phone.sign_in("officer-a")
    await phone.ready_offline()
    await tell(phone, "{type: 'JOINED'}")
    inspection_id = await phone.engine(TASK)
    await phone.open(f"#/visit/{inspection_id}/document")
    await phone.page.get_by_label("文件名称").fill("营业执照")
    await phone.page.locator("#take-page").set_input_files([a_paper()])
    await phone.page.locator("canvas").wait_for()
    await phone.page.get_by_label("裁左边").fill("25")
    await phone.page.screenshot(path=shots / "document.png", full_page=True)
    await phone.page.get_by_role("button", name="保存这一页").click()
    await phone.page.get_by_text("已保存 1 页").wait_for()
    kept = await phone.engine(
        "engine.queue().then((all) => all.filter((one) => one.kind === 'document').map((one) => one.label))"
    )
    assert isinstance(kept, list)
    assert sorted(kept) == ["营业执照（原照片）", "营业执照（扫描件）"]
    told = f"""engine.inspection('{inspection_id}').then(({{operations}}) => operations.map(({{what}}) => what)
        .filter((what) => what.type === 'EVIDENCE').map((what) => what.kind))"""
    assert await phone.engine(told) == ["DOCUMENT", "DOCUMENT"]
    pixels = await phone.engine(
        """engine.queue().then(async (all) => {
            const scan = all.find((one) => one.label.includes('扫描件'));
            const picture = await createImageBitmap(await engine.picture(scan.id));
            const canvas = new OffscreenCanvas(picture.width, picture.height);
            const pen = canvas.getContext('2d');
            pen.drawImage(picture, 0, 0);
            return [picture.width, picture.height, [...pen.getImageData(400, 150, 1, 1).data].slice(0, 3)];
        })"""
    )
    assert isinstance(pixels, list)
    width, height, paper = pixels
    assert (width, height) == (600, 600)
    assert min(paper) > 240  # the paper is white, grey as it was
