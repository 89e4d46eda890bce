"""Knowledge is found by two characters, suggested by a case's words, given, counted, written in versions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from app.errors import Conflict, Invalid, NotAllowed, NotFound
from app.facts import SYSTEM, Actor
from app.services.knowledge_terms import index_terms, query_terms
from app.store.base import db
from app.store.models import Article, ArticleUse, Comment
from app.store.unit_of_work import unit_of_work
from app.wiring import Services
from app.wiring import services as current
from tests.robot import fill
from tests.web.api_client import Api
from tests.web.pages import Browser, case, open_tasks, sent

REFUND = {"title": "退款多久到账", "category": "return", "question": "钱怎么还没退", "products": "",
          "steps": "确认入库\n七至十五个工作日到账", "keywords": "原路退回"}
NOISE = {"title": "机器噪音大", "category": "fault", "question": "有异响", "steps": "放平机器\n拆除运输固定件",
         "products": "CN-200,CN-300"}


def publish(services: Services, **given: str) -> int:
    article = services.knowledge.save(None, given, SYSTEM)
    services.knowledge.publish(article, SYSTEM)
    return article


@pytest.fixture
def refund(services: Services) -> int:
    return publish(services, **REFUND)


@pytest.fixture
def noise(services: Services) -> int:
    return publish(services, **NOISE)


def test_terms_are_pairs_of_characters_and_whole_latin_words() -> None:
    assert query_terms("退款") == ["退款"]
    assert query_terms("退") == ["退"]
    assert query_terms("退款 CN-200！") == ["退款", "cn200"]
    assert query_terms("，。 ") == []
    assert index_terms({"退款退款": 2})["退款"] == 4
    assert {"cn200", "cn", "200", "ｃ"} - set(index_terms({"ＣＮ-200": 1})) == {"ｃ"}


def test_two_characters_find_on_both_databases_and_the_title_comes_first(any_app: Flask) -> None:
    services = current()
    first = publish(services, **REFUND)
    second = publish(services, **{**NOISE, "steps": "仍有异响的登记报修，不能修的办理退款"})
    found, total = services.knowledge.search("退款", SYSTEM)
    assert ([one.id for one in found], total) == ([first, second], 2)
    assert next(one.id for one in services.knowledge.search("退", SYSTEM)[0]) == first
    assert [one.id for one in services.knowledge.search("异响 退款", SYSTEM)[0]] == [second]
    assert [one.id for one in services.knowledge.search("cn-300", SYSTEM)[0]] == [second]
    assert services.knowledge.search("发票", SYSTEM) == ([], 0)
    assert services.knowledge.search("%_'\"；drop", SYSTEM)[1] == 0
    assert [one.id for one in services.knowledge.suggest("你们的机器声音有异响，吵得睡不着", "CN-200")] == [second]
    assert [one.id for one in services.knowledge.suggest("我要退款")] == [first]
    assert services.knowledge.suggest("今天天气很好") == []


def test_a_change_reaches_readers_when_it_is_published_and_the_index_goes_with_it(
        services: Services, refund: int, actor: Callable[[str], Actor]) -> None:
    owner, clerk = actor("owner"), actor("clerk")
    services.knowledge.save(refund, {**REFUND, "title": "退费时间", "note": "改名"}, owner, seen=1)
    assert services.knowledge.one(refund, clerk).title == "退款多久到账"
    assert services.knowledge.search("退费", clerk)[1] == 0
    assert len(services.knowledge.versions(refund, clerk)) == 1
    services.knowledge.publish(refund, owner)
    assert services.knowledge.one(refund, clerk).title == "退费时间"
    assert services.knowledge.search("退费", clerk)[1] == 1
    assert [(one.number, one.by) for one in services.knowledge.versions(refund, clerk)] == [(2, "owner"), (1, "system")]
    with pytest.raises(Conflict):
        services.knowledge.save(refund, REFUND, owner, seen=1)
    services.knowledge.retire(refund, owner)
    assert services.knowledge.search("退费", clerk)[1] == 0
    with pytest.raises(NotFound):
        services.knowledge.one(refund, clerk)


def test_clerks_read_and_do_not_write(services: Services, refund: int, actor: Callable[[str], Actor]) -> None:
    with pytest.raises(NotAllowed):
        services.knowledge.save(None, REFUND, actor("clerk"))
    with pytest.raises(NotAllowed):
        services.knowledge.publish(refund, actor("clerk"))
    with pytest.raises(Invalid) as caught:
        services.knowledge.save(None, {"title": "x" * 200, "category": "?"}, actor("owner"))
    assert {error.field for error in caught.value.errors} == {"title", "category", "steps"}


def test_an_answer_is_suggested_in_the_task_put_into_the_draft_and_counted_once(
        app: Flask, services: Services, noise: int, actor: Callable[[str], Actor]) -> None:
    clerk = Browser(app, "clerk")
    found = clerk.register(type="consultation", description="机器噪音很大，有异响怎么办", model="CN-200")
    to_answer(clerk, found.id, actor("clerk"))
    task = next(item for item in open_tasks(found.id) if item.element_id in ("answer_enquiry", "respond_and_promise"))
    page = clerk.text(f"/tasks/{task.id}")
    assert "机器噪音大" in page
    for _again in range(2):
        answer = clerk.post(f"/tasks/{task.id}/knowledge/{noise}")
        assert answer.status_code == 302
    assert "1. 放平机器" in clerk.text(f"/tasks/{task.id}")
    data = services.work.form(task.id, actor("clerk")).data
    assert data["answer_found"] is True or "answer_found" not in data
    uses = db.session.query(ArticleUse).all()
    assert [(use.by, use.solved) for use in uses] == [("clerk", None)]
    assert services.knowledge.one(noise, SYSTEM).helped == 0
    clerk.post(f"/tasks/{task.id}/knowledge/uses/{uses[0].id}", solved="1")
    shown = services.knowledge.one(noise, SYSTEM)
    assert (shown.uses, shown.helped) == (1, 1)


def to_answer(clerk: Browser, case_id: str, who: Actor) -> None:
    """Work until a task stands beside which knowledge is suggested."""
    for _step in range(3):
        task = open_tasks(case_id)[0]
        if task.element_id in ("answer_enquiry", "respond_and_promise"):
            return
        clerk.complete(task.id, who)


def test_only_open_tasks_of_ones_own_take_answers(app: Flask, services: Services, noise: int,
                                                  actor: Callable[[str], Actor]) -> None:
    task = open_tasks(Browser(app, "clerk").register().id)[0]
    with pytest.raises((NotAllowed, NotFound)):
        services.knowledge.use(noise, task.id, actor("warehouse"))
    with pytest.raises(NotFound):
        services.knowledge.use(999, task.id, actor("clerk"))


def test_a_case_s_lesson_becomes_a_draft_once(app: Flask, services: Services, actor: Callable[[str], Actor]) -> None:
    found = Browser(app, "clerk").register(description="冰箱门关不严")
    with unit_of_work() as session:
        session.add(Comment(case_id=found.id, kind="lesson", at=found.registered_at, by="system",
                            text="门封条要先捋平"))
    owner = Browser(app, "owner")
    assert "门封条要先捋平" in owner.text("/knowledge/notes")
    note = db.session.query(Comment).filter_by(kind="lesson").one()
    made = owner.post(f"/knowledge/notes/{note.id}/draft")
    assert "冰箱门关不严" in owner.text(made.location)
    assert db.session.query(Article.state).all() == [("draft",)]
    assert "门封条要先捋平" not in owner.text("/knowledge/notes")
    with pytest.raises(Conflict):
        services.knowledge.draft_from(note.id, actor("owner"))


def test_owners_write_on_pages_and_clerks_find_on_theirs(app: Flask) -> None:
    owner, clerk = Browser(app, "owner"), Browser(app, "clerk")
    refused = owner.post("/knowledge/new", {"title": "", "category": "", "steps": "第一步"})
    assert refused.status_code == 422
    assert 'href="#f-title"' in refused.get_data(as_text=True)
    made = owner.post("/knowledge/new", {**REFUND, "_action": "publish"})
    assert made.status_code == 302
    assert "退款多久到账" in clerk.text("/knowledge?q=退款")
    page = clerk.text(made.location)
    assert "确认入库" in page
    assert "编辑" not in page
    assert clerk.get(made.location + "/edit").status_code == 403
    assert "退款多久到账" in clerk.text("/knowledge/suggest?description=退款还没到账")
    assert owner.post(made.location + "/retire").status_code == 302
    assert "没有找到" in clerk.text("/knowledge?q=退款")
    assert clerk.get(made.location).status_code == 404


def test_the_api_searches_reads_and_gives(app: Flask, noise: int, refund: int) -> None:
    api = Api(app, "clerk")
    assert [one["id"] for one in api.get("/knowledge", q="噪音").get_json()["items"]] == [noise]
    suggested = api.get("/knowledge", suggest="一直有异响", product="CN-300").get_json()["items"]
    assert [one["id"] for one in suggested] == [noise]
    assert api.get(f"/knowledge/{refund}").get_json()["steps"] == ["确认入库", "七至十五个工作日到账"]
    assert api.get("/knowledge/999").status_code == 404
    assert api.get("/knowledge", page="x").status_code == 422
    number = api.register()["number"]
    task = api.tasks(case=number)[0]["id"]
    assert api.post(f"/knowledge/{noise}/uses", {"task": task}).get_json()["text"].startswith("1. 放平机器")
    assert api.get(f"/knowledge/{noise}").get_json()["uses"] == 1


def test_the_shipped_articles_are_written_once(services: Services) -> None:
    assert services.knowledge.seed(services.runtime.root) == 8
    assert services.knowledge.seed(services.runtime.root) == 0
    assert next(one.title for one in services.knowledge.search("发票", SYSTEM)[0]) == "开具或补开发票"
    assert next(one.title for one in services.knowledge.suggest("电饭煲无法加热，饭煮不熟", "CN-1")) == "不能加热"


def test_vague_words_are_remarked_on_once_and_may_be_sent_anyway(app: Flask, actor: Callable[[str], Actor]) -> None:
    clerk, who = Browser(app, "clerk"), actor("clerk")
    found = clerk.register()
    clerk.complete(open_tasks(found.id)[0].id, who)
    task = next(item for item in open_tasks(found.id) if item.form_id == "first_response")
    served = current().work.form(task.id, who)
    answers = sent(fill(served.json, served.data, {"next_plan": "大概明天，我们会尽快处理，可能要换件。"}))
    page = clerk.post(f"/tasks/{task.id}/complete", answers)
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "“大概”含糊" in text
    assert "仍然提交" in text
    assert "大概明天" in text  # nothing typed is lost
    remarks = clerk.post(f"/tasks/{task.id}/wording", answers).get_json()["remarks"]
    assert {one["field"] for one in remarks} == {"next_plan"}
    answers["_anyway"] = "1"
    assert clerk.post(f"/tasks/{task.id}/complete", answers).status_code == 302
    assert case(found.number).state == "open"


def test_phrases_stand_beside_the_form_filled_with_the_case_s_data(app: Flask, actor: Callable[[str], Actor]) -> None:
    clerk = Browser(app, "clerk")
    found = clerk.register()
    page = clerk.text(f"/tasks/{open_tasks(found.id)[0].id}")
    assert "标准话术" in page
    assert f"您的服务单号是 {found.number}，请记下" in page
    assert "{case" not in page
