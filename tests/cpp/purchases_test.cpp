// The steps and the states of purchases.
#include "world.hpp"

namespace {

struct shop {
    std::vector<slk::purchase_step> steps;
    slk::result_code validated = slk::result_code::ok;
    slk::result_code applied = slk::result_code::ok;
    slk::result_code revoked = slk::result_code::ok;
    slk::result_code effect = slk::result_code::ok;

    slk::spec_options options() {
        auto made = world::player_options();
        made.validate_receipt = [this](const slk::receipt_view &asked, slk::document_ref) {
            steps.push_back(asked.step());
            return slk::failure{validated, "the shop is closed"};
        };
        made.apply_receipt = [this](const slk::receipt_view &asked, slk::document_ref draft) -> slk::result<void> {
            steps.push_back(asked.step());
            if (applied != slk::result_code::ok)
                return applied;
            return draft.add("/gold", 100);
        };
        made.record_receipt = [this](const slk::receipt_view &asked, slk::document_ref draft) {
            steps.push_back(asked.step());
            effect = asked.effect();
            return draft.append("/history", asked.purchase_id());
        };
        made.revoke_receipt = [this](const slk::receipt_view &asked, slk::document_ref draft) -> slk::result<void> {
            steps.push_back(asked.step());
            if (revoked != slk::result_code::ok)
                return revoked;
            return draft.add("/gold", -100);
        };
        made.purchase_history = 2;
        return made;
    }
};

struct told {
    slk::result_code outcome = slk::result_code::pending;
    std::string text;
    bool taken_up = false;
    std::int64_t credit = 99;

    auto visitor() {
        return slk::overload{
            [this](const slk::events::receipt_settled &now) {
                outcome = now.outcome;
                text = now.text;
                taken_up = now.taken_up;
            },
            [this](const slk::events::credit_changed &now) {
                CHECK(now.product == "gold100");
                credit = now.amount;
            },
        };
    }
};

told process(world::server &server, const slk::locker &locker, const char *id,
             slk::receipt_state state = slk::receipt_state::purchased) {
    auto notice = world::receipt_of(id);
    notice.state = state;
    CHECK_OK(locker.process_receipt(notice));
    CHECK(server.engine.purchases_in_progress().value_or(0) == 1);
    told now;
    bool settled = false;
    auto visitor = now.visitor();
    const auto on_all = slk::overload{[&](const slk::events::receipt_settled &one) {
                                          settled = true;
                                          visitor(one);
                                      },
                                      [&](const slk::events::credit_changed &one) { visitor(one); }};
    CHECK(server.tick_until(on_all, [&] { return settled; }));
    return now;
}

slk::result_code state_of(const slk::locker &locker, const char *id) {
    return locker.find_purchase("shop", "live", id).value_or(slk::result_code::empty);
}

TEST(a_purchase_goes_through_its_steps) {
    shop kept;
    world::server server(kept.options());
    const auto locker = server.join("1");
    CHECK(process(server, locker, "p1").outcome == slk::result_code::granted);
    CHECK((kept.steps == std::vector<slk::purchase_step>{slk::purchase_step::validate, slk::purchase_step::apply,
                                                         slk::purchase_step::record}));
    CHECK(kept.effect == slk::result_code::granted && locker.get<int>("/gold").value_or(0) == 100);
    CHECK(process(server, locker, "p1", slk::receipt_state::revoked).outcome == slk::result_code::revoked);
    CHECK(kept.steps.back() == slk::purchase_step::revoke && locker.get<int>("/gold").value_or(-1) == 0);
    CHECK(state_of(locker, "p1") == slk::result_code::revoked);
    CHECK_CODE(empty, locker.find_purchase("shop", "live", "p9"));
}

TEST(a_purchase_that_is_spent_becomes_a_debt) {
    shop kept;
    kept.revoked = slk::result_code::not_applicable;
    world::server server(kept.options());
    const auto locker = server.join("1");
    CHECK(process(server, locker, "p1").outcome == slk::result_code::granted);
    const auto back = process(server, locker, "p1", slk::receipt_state::revoked);
    CHECK(back.outcome == slk::result_code::revoked && locker.credit("gold100").value_or(0) == -1);
    told now;
    now.credit = back.credit;
    CHECK(server.tick_until(now.visitor(), [&] { return now.credit == -1; }));
}

TEST(a_purchase_may_wait_or_be_turned_down) {
    shop kept;
    world::server server(kept.options());
    const auto locker = server.join("1");
    CHECK(process(server, locker, "p1", slk::receipt_state::pending).outcome == slk::result_code::pending);
    CHECK(state_of(locker, "p1") == slk::result_code::pending && kept.steps.empty());
    CHECK(process(server, locker, "p1").outcome == slk::result_code::granted);
    CHECK(process(server, locker, "p2", slk::receipt_state::rejected).outcome == slk::result_code::rejected);
    kept.validated = slk::result_code::rejected;
    const auto refused = process(server, locker, "p3");
    CHECK(refused.outcome == slk::result_code::rejected && check::contains(refused.text, "the shop is closed"));
    CHECK(state_of(locker, "p3") == slk::result_code::rejected);
    const auto all = locker.purchases();
    CHECK_OK(all);
    // As many as the history keeps.
    CHECK(all->size() == 2);
    const slk::past_purchase &last = all->back();
    CHECK(last.provider == "shop" && last.environment == "live" && last.purchase_id == "p3");
    CHECK(last.product == "gold100" && last.state == "rejected" && last.at.time_since_epoch().count() > 0);
}

TEST(a_purchase_is_parked_until_its_product_is_known) {
    shop kept;
    kept.applied = slk::result_code::unknown_product;
    world::server server(kept.options());
    const auto locker = server.join("1");
    CHECK(process(server, locker, "p1").outcome == slk::result_code::parked);
    CHECK(state_of(locker, "p1") == slk::result_code::parked && locker.purchases()->back().state == "parked");
    kept.applied = slk::result_code::ok;
    CHECK_OK(locker.retry_parked());
    told now;
    CHECK(server.tick_until(now.visitor(), [&] { return now.taken_up; }));
    CHECK(now.outcome == slk::result_code::granted && locker.get<int>("/gold").value_or(0) == 100);
}

#if SLK_CPP_EXCEPTIONS
TEST(what_the_steps_of_a_purchase_throw_becomes_not_processed) {
    const auto boom = [](const slk::receipt_view &, slk::document_ref draft) -> slk::result<void> {
        draft.set("/gold", -1).ignore();
        throw std::runtime_error("boom");
    };
    for (int step = 0; step < 3; ++step) {
        auto options = world::player_options();
        (step == 0 ? options.validate_receipt : step == 1 ? options.record_receipt : options.revoke_receipt) = boom;
        world::server server(std::move(options));
        const auto locker = server.join("1");
        auto now = process(server, locker, "p1");
        if (step == 2) {
            CHECK(now.outcome == slk::result_code::granted);
            now = process(server, locker, "p1", slk::receipt_state::revoked);
        }
        CHECK(now.outcome == slk::result_code::not_processed && check::contains(now.text, "boom"));
        CHECK(locker.get<int>("/gold").value_or(-1) == (step == 2 ? 100 : 0));
        const auto change = locker.add("/gold", 1);
        CHECK(server.save(locker, change.value_or(0)) == slk::change_state::saved);
    }
}
#endif

} // namespace
