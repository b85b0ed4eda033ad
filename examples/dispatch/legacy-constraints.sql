-- The second half of the legacy schema: foreign keys and indexes, to be run after the data is in.
--
-- Foreign keys are deferred to COMMIT and have no ON DELETE: the application deletes children itself, in any order within
-- one transaction. These columns refer to another table without a constraint, and orphans exist there:
-- dispatch_state.instruction_id, dispatch_plan.instruction_id, dispatch_comment.plan_id, dispatch_reading.plan_id,
-- dispatch_file.record_id, dispatch_task.{instruction_id,plan_id,order_id,file_id}. They are indexed all the same, as Django does;
-- unique varchars have a second index for LIKE. The eight hex digits are left(md5(table || column), 8).

CREATE INDEX auth_permission_content_type_id_2f476e4b ON auth_permission (content_type_id);
CREATE INDEX auth_group_name_a6ea08ec_like ON auth_group (name varchar_pattern_ops);
CREATE INDEX auth_group_permissions_group_id_b120cbf9 ON auth_group_permissions (group_id);
CREATE INDEX auth_group_permissions_permission_id_84c5c92e ON auth_group_permissions (permission_id);
CREATE INDEX auth_user_username_6821ab7c_like ON auth_user (username varchar_pattern_ops);
CREATE INDEX auth_user_groups_user_id_6a12ed8b ON auth_user_groups (user_id);
CREATE INDEX auth_user_groups_group_id_97559544 ON auth_user_groups (group_id);
CREATE INDEX auth_user_user_permissions_user_id_a95ead1b ON auth_user_user_permissions (user_id);
CREATE INDEX auth_user_user_permissions_permission_id_1fbb5f2c ON auth_user_user_permissions (permission_id);
CREATE INDEX dispatch_office_doctors_office_id_d921057a ON dispatch_office_doctors (office_id);
CREATE INDEX dispatch_office_doctors_user_id_93838eb6 ON dispatch_office_doctors (user_id);
CREATE INDEX dispatch_doctorsetting_masters_doctorsetting_id_26f03b05 ON dispatch_doctorsetting_masters (doctorsetting_id);
CREATE INDEX dispatch_doctorsetting_masters_user_id_a3ecc5f9 ON dispatch_doctorsetting_masters (user_id);
CREATE INDEX dispatch_doctorsetting_sales_doctorsetting_id_e5778fd8 ON dispatch_doctorsetting_sales (doctorsetting_id);
CREATE INDEX dispatch_doctorsetting_sales_user_id_6e97513c ON dispatch_doctorsetting_sales (user_id);
CREATE INDEX dispatch_language_code_8d2c5527_like ON dispatch_language (code varchar_pattern_ops);
CREATE INDEX dispatch_usersetting_language_id_8a498aad ON dispatch_usersetting (language_id);
CREATE INDEX dispatch_patient_doctor_id_26d87b7c ON dispatch_patient (doctor_id);
CREATE INDEX dispatch_patient_office_id_0463f3ec ON dispatch_patient (office_id);
CREATE INDEX dispatch_role_user_id_243072a3 ON dispatch_role (user_id);
CREATE INDEX dispatch_role_group_id_5e61d205 ON dispatch_role (group_id);
CREATE INDEX dispatch_role_permissions_role_id_f8efc34b ON dispatch_role_permissions (role_id);
CREATE INDEX dispatch_role_permissions_permission_id_a3acd272 ON dispatch_role_permissions (permission_id);
CREATE INDEX dispatch_client3d_user_id_31e2fef0 ON dispatch_client3d (user_id);
CREATE INDEX dispatch_product_course_id_5503b3c5 ON dispatch_product (course_id);
CREATE INDEX dispatch_product_roles_product_id_5a38192d ON dispatch_product_roles (product_id);
CREATE INDEX dispatch_product_roles_role_id_b65a3af3 ON dispatch_product_roles (role_id);
CREATE INDEX dispatch_product_successors_from_product_id_77a7ab49 ON dispatch_product_successors (from_product_id);
CREATE INDEX dispatch_product_successors_to_product_id_ec4c01ac ON dispatch_product_successors (to_product_id);
CREATE INDEX dispatch_category_parent_id_20b1bf8f ON dispatch_category (parent_id);
CREATE INDEX dispatch_ware_storage_id_45d59b5a ON dispatch_ware (storage_id);
CREATE INDEX dispatch_jaw_product_id_8ff7de2f ON dispatch_jaw (product_id);
CREATE INDEX dispatch_instruction_patient_id_17dec3a5 ON dispatch_instruction (patient_id);
CREATE INDEX dispatch_instruction_course_id_f04db25f ON dispatch_instruction (course_id);
CREATE INDEX dispatch_order_doctor_id_da533d5a ON dispatch_order (doctor_id);
CREATE INDEX dispatch_order_course_id_4b8e901d ON dispatch_order (course_id);
CREATE INDEX dispatch_state_actor_id_87543826 ON dispatch_state (actor_id);
CREATE INDEX dispatch_state_instruction_id_a8e2c316 ON dispatch_state (instruction_id);
CREATE INDEX dispatch_project_uid_782d917d_like ON dispatch_project (uid varchar_pattern_ops);
CREATE INDEX dispatch_project_creator_id_2b7c4a90 ON dispatch_project (creator_id);
CREATE INDEX dispatch_plan_instruction_id_17a02dd0 ON dispatch_plan (instruction_id);
CREATE INDEX dispatch_plan_project_id_56de7189 ON dispatch_plan (project_id);
CREATE INDEX dispatch_bracket_project_id_57cdbf9e ON dispatch_bracket (project_id);
CREATE INDEX dispatch_event_user_id_1deca75e ON dispatch_event (user_id);
CREATE INDEX dispatch_reading_user_id_a5cb29d3 ON dispatch_reading (user_id);
CREATE INDEX dispatch_reading_plan_id_1ef3fff0 ON dispatch_reading (plan_id);
CREATE INDEX dispatch_comment_author_id_504a8570 ON dispatch_comment (author_id);
CREATE INDEX dispatch_comment_plan_id_56c9746a ON dispatch_comment (plan_id);
CREATE INDEX dispatch_note_author_id_04fe60fe ON dispatch_note (author_id);
CREATE INDEX dispatch_note_doctor_id_4aabf7f9 ON dispatch_note (doctor_id);
CREATE INDEX dispatch_record_target_type_id_c2033b1f ON dispatch_record (target_type_id);
CREATE INDEX dispatch_record_author_id_60f2c856 ON dispatch_record (author_id);
CREATE INDEX dispatch_record_group_id_f07e4820 ON dispatch_record (group_id);
CREATE INDEX dispatch_record_roles_record_id_d4fdc708 ON dispatch_record_roles (record_id);
CREATE INDEX dispatch_record_roles_role_id_3f8b6104 ON dispatch_record_roles (role_id);
CREATE INDEX dispatch_notification_recipient_id_3923d5d8 ON dispatch_notification (recipient_id);
CREATE INDEX dispatch_notification_item_type_id_6a1f5789 ON dispatch_notification (item_type_id);
CREATE INDEX dispatch_action_user_id_c0889e85 ON dispatch_action (user_id);
CREATE INDEX dispatch_action_item_type_id_9503a710 ON dispatch_action (item_type_id);
CREATE INDEX dispatch_action_owner_type_id_aaffd058 ON dispatch_action (owner_type_id);
CREATE INDEX dispatch_file_uid_fbd8c999_like ON dispatch_file (uid varchar_pattern_ops);
CREATE INDEX dispatch_file_instruction_id_f7ef809f ON dispatch_file (instruction_id);
CREATE INDEX dispatch_file_record_id_6f14e125 ON dispatch_file (record_id);
CREATE INDEX dispatch_file_product_id_84cc9c4c ON dispatch_file (product_id);
CREATE INDEX dispatch_record_attachments_record_id_dd7e6729 ON dispatch_record_attachments (record_id);
CREATE INDEX dispatch_record_attachments_file_id_d894e9e3 ON dispatch_record_attachments (file_id);
CREATE INDEX dispatch_template_category_id_c591336f ON dispatch_template (category_id);
CREATE INDEX dispatch_template_edit_roles_template_id_8a38fb0c ON dispatch_template_edit_roles (template_id);
CREATE INDEX dispatch_template_edit_roles_role_id_fb5cdd3f ON dispatch_template_edit_roles (role_id);
CREATE INDEX dispatch_template_view_roles_template_id_1bb8f754 ON dispatch_template_view_roles (template_id);
CREATE INDEX dispatch_template_view_roles_role_id_28654cdf ON dispatch_template_view_roles (role_id);
CREATE INDEX dispatch_template_view_groups_template_id_f2d7a2a9 ON dispatch_template_view_groups (template_id);
CREATE INDEX dispatch_template_view_groups_group_id_bf4effbf ON dispatch_template_view_groups (group_id);
CREATE INDEX dispatch_template_products_template_id_3f02bf7e ON dispatch_template_products (template_id);
CREATE INDEX dispatch_template_products_product_id_a0cab190 ON dispatch_template_products (product_id);
CREATE INDEX dispatch_template_predecessors_from_template_id_559f3e46 ON dispatch_template_predecessors (from_template_id);
CREATE INDEX dispatch_template_predecessors_to_template_id_158cdc74 ON dispatch_template_predecessors (to_template_id);
CREATE INDEX dispatch_task_template_id_6252d53f ON dispatch_task (template_id);
CREATE INDEX dispatch_task_instruction_id_d1f0d26d ON dispatch_task (instruction_id);
CREATE INDEX dispatch_task_plan_id_0216db53 ON dispatch_task (plan_id);
CREATE INDEX dispatch_task_order_id_0e8d7d4a ON dispatch_task (order_id);
CREATE INDEX dispatch_task_file_id_7ceafb6e ON dispatch_task (file_id);
CREATE INDEX dispatch_task_actor_id_029b1120 ON dispatch_task (actor_id);
CREATE INDEX dispatch_payment_doctor_id_2d8ffffa ON dispatch_payment (doctor_id);
CREATE INDEX dispatch_payment_office_id_eda34210 ON dispatch_payment (office_id);
CREATE INDEX dispatch_payment_instruction_id_a86477be ON dispatch_payment (instruction_id);
CREATE INDEX dispatch_payment_order_id_fde04701 ON dispatch_payment (order_id);
CREATE INDEX dispatch_operation_payment_id_27c48c7c ON dispatch_operation (payment_id);
CREATE INDEX dispatch_offer_doctor_id_ba53f7bb ON dispatch_offer (doctor_id);
CREATE INDEX dispatch_offer_product_id_22e05dc5 ON dispatch_offer (product_id);
CREATE INDEX dispatch_discount_offer_id_0a081505 ON dispatch_discount (offer_id);
CREATE INDEX dispatch_purchase_order_id_cca058fe ON dispatch_purchase (order_id);
CREATE INDEX dispatch_purchase_product_id_01c3aec1 ON dispatch_purchase (product_id);

ALTER TABLE auth_permission ADD CONSTRAINT auth_permission_content_type_id_2f476e4b_fk_django_content_type
  FOREIGN KEY (content_type_id) REFERENCES django_content_type (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE auth_group_permissions ADD CONSTRAINT auth_group_permissions_group_id_b120cbf9_fk_auth_group_id
  FOREIGN KEY (group_id) REFERENCES auth_group (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE auth_group_permissions ADD CONSTRAINT auth_group_permissions_permission_id_84c5c92e_fk_auth_permissio
  FOREIGN KEY (permission_id) REFERENCES auth_permission (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE auth_user_groups ADD CONSTRAINT auth_user_groups_user_id_6a12ed8b_fk_auth_user_id
  FOREIGN KEY (user_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE auth_user_groups ADD CONSTRAINT auth_user_groups_group_id_97559544_fk_auth_group_id
  FOREIGN KEY (group_id) REFERENCES auth_group (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE auth_user_user_permissions ADD CONSTRAINT auth_user_user_permissions_user_id_a95ead1b_fk_auth_user_id
  FOREIGN KEY (user_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE auth_user_user_permissions ADD CONSTRAINT auth_user_user_permissions_permission_id_1fbb5f2c_fk_auth_permi
  FOREIGN KEY (permission_id) REFERENCES auth_permission (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_office_doctors ADD CONSTRAINT dispatch_office_doctors_office_id_d921057a_fk_dispatch_office_i
  FOREIGN KEY (office_id) REFERENCES dispatch_office (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_office_doctors ADD CONSTRAINT dispatch_office_doctors_user_id_93838eb6_fk_auth_user_id
  FOREIGN KEY (user_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_doctorsetting ADD CONSTRAINT dispatch_doctorsetting_user_id_00d0cf04_fk_auth_user_id
  FOREIGN KEY (user_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_doctorsetting_masters ADD CONSTRAINT dispatch_doctorsetting_masters_doctorsetting_id_26f03b05_fk_dis
  FOREIGN KEY (doctorsetting_id) REFERENCES dispatch_doctorsetting (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_doctorsetting_masters ADD CONSTRAINT dispatch_doctorsetting_masters_user_id_a3ecc5f9_fk_auth_user_id
  FOREIGN KEY (user_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_doctorsetting_sales ADD CONSTRAINT dispatch_doctorsetting_sales_doctorsetting_id_e5778fd8_fk_dispa
  FOREIGN KEY (doctorsetting_id) REFERENCES dispatch_doctorsetting (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_doctorsetting_sales ADD CONSTRAINT dispatch_doctorsetting_sales_user_id_6e97513c_fk_auth_user_id
  FOREIGN KEY (user_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_usersetting ADD CONSTRAINT dispatch_usersetting_user_id_82205299_fk_auth_user_id
  FOREIGN KEY (user_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_usersetting ADD CONSTRAINT dispatch_usersetting_language_id_8a498aad_fk_dispatch_language_
  FOREIGN KEY (language_id) REFERENCES dispatch_language (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_patient ADD CONSTRAINT dispatch_patient_user_id_0c31de40_fk_auth_user_id
  FOREIGN KEY (user_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_patient ADD CONSTRAINT dispatch_patient_doctor_id_26d87b7c_fk_auth_user_id
  FOREIGN KEY (doctor_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_patient ADD CONSTRAINT dispatch_patient_office_id_0463f3ec_fk_dispatch_office_id
  FOREIGN KEY (office_id) REFERENCES dispatch_office (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_agent ADD CONSTRAINT dispatch_agent_user_id_7be68450_fk_auth_user_id
  FOREIGN KEY (user_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_master ADD CONSTRAINT dispatch_master_user_id_5feee46f_fk_auth_user_id
  FOREIGN KEY (user_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_role ADD CONSTRAINT dispatch_role_user_id_243072a3_fk_auth_user_id
  FOREIGN KEY (user_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_role ADD CONSTRAINT dispatch_role_group_id_5e61d205_fk_auth_group_id
  FOREIGN KEY (group_id) REFERENCES auth_group (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_role_permissions ADD CONSTRAINT dispatch_role_permissions_role_id_f8efc34b_fk_dispatch_role_id
  FOREIGN KEY (role_id) REFERENCES dispatch_role (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_role_permissions ADD CONSTRAINT dispatch_role_permissions_permission_id_a3acd272_fk_auth_permis
  FOREIGN KEY (permission_id) REFERENCES auth_permission (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_client3d ADD CONSTRAINT dispatch_client3d_user_id_31e2fef0_fk_auth_user_id
  FOREIGN KEY (user_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_product ADD CONSTRAINT dispatch_product_course_id_5503b3c5_fk_dispatch_course_id
  FOREIGN KEY (course_id) REFERENCES dispatch_course (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_product_roles ADD CONSTRAINT dispatch_product_roles_product_id_5a38192d_fk_dispatch_product_
  FOREIGN KEY (product_id) REFERENCES dispatch_product (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_product_roles ADD CONSTRAINT dispatch_product_roles_role_id_b65a3af3_fk_dispatch_role_id
  FOREIGN KEY (role_id) REFERENCES dispatch_role (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_product_successors ADD CONSTRAINT dispatch_product_successors_from_product_id_77a7ab49_fk_dispatc
  FOREIGN KEY (from_product_id) REFERENCES dispatch_product (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_product_successors ADD CONSTRAINT dispatch_product_successors_to_product_id_ec4c01ac_fk_dispatch_
  FOREIGN KEY (to_product_id) REFERENCES dispatch_product (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_category ADD CONSTRAINT dispatch_category_parent_id_20b1bf8f_fk_dispatch_category_id
  FOREIGN KEY (parent_id) REFERENCES dispatch_category (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_ware ADD CONSTRAINT dispatch_ware_storage_id_45d59b5a_fk_dispatch_storage_id
  FOREIGN KEY (storage_id) REFERENCES dispatch_storage (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_jaw ADD CONSTRAINT dispatch_jaw_product_id_8ff7de2f_fk_dispatch_product_id
  FOREIGN KEY (product_id) REFERENCES dispatch_product (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_instruction ADD CONSTRAINT dispatch_instruction_patient_id_17dec3a5_fk_dispatch_patient_id
  FOREIGN KEY (patient_id) REFERENCES dispatch_patient (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_instruction ADD CONSTRAINT dispatch_instruction_course_id_f04db25f_fk_dispatch_course_id
  FOREIGN KEY (course_id) REFERENCES dispatch_course (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_instruction ADD CONSTRAINT dispatch_instruction_upper_jaw_id_d3ddeb82_fk_dispatch_jaw_id
  FOREIGN KEY (upper_jaw_id) REFERENCES dispatch_jaw (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_instruction ADD CONSTRAINT dispatch_instruction_lower_jaw_id_b02157e0_fk_dispatch_jaw_id
  FOREIGN KEY (lower_jaw_id) REFERENCES dispatch_jaw (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_order ADD CONSTRAINT dispatch_order_doctor_id_da533d5a_fk_auth_user_id
  FOREIGN KEY (doctor_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_order ADD CONSTRAINT dispatch_order_course_id_4b8e901d_fk_dispatch_course_id
  FOREIGN KEY (course_id) REFERENCES dispatch_course (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_state ADD CONSTRAINT dispatch_state_actor_id_87543826_fk_auth_user_id
  FOREIGN KEY (actor_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_project ADD CONSTRAINT dispatch_project_creator_id_2b7c4a90_fk_auth_user_id
  FOREIGN KEY (creator_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_plan ADD CONSTRAINT dispatch_plan_project_id_56de7189_fk_dispatch_project_id
  FOREIGN KEY (project_id) REFERENCES dispatch_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_bracket ADD CONSTRAINT dispatch_bracket_project_id_57cdbf9e_fk_dispatch_project_id
  FOREIGN KEY (project_id) REFERENCES dispatch_project (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_event ADD CONSTRAINT dispatch_event_user_id_1deca75e_fk_auth_user_id
  FOREIGN KEY (user_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_reading ADD CONSTRAINT dispatch_reading_user_id_a5cb29d3_fk_auth_user_id
  FOREIGN KEY (user_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_comment ADD CONSTRAINT dispatch_comment_author_id_504a8570_fk_auth_user_id
  FOREIGN KEY (author_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_note ADD CONSTRAINT dispatch_note_author_id_04fe60fe_fk_auth_user_id
  FOREIGN KEY (author_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_note ADD CONSTRAINT dispatch_note_doctor_id_4aabf7f9_fk_auth_user_id
  FOREIGN KEY (doctor_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_record ADD CONSTRAINT dispatch_record_target_type_id_c2033b1f_fk_django_content_type_
  FOREIGN KEY (target_type_id) REFERENCES django_content_type (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_record ADD CONSTRAINT dispatch_record_author_id_60f2c856_fk_auth_user_id
  FOREIGN KEY (author_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_record ADD CONSTRAINT dispatch_record_group_id_f07e4820_fk_auth_group_id
  FOREIGN KEY (group_id) REFERENCES auth_group (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_record_roles ADD CONSTRAINT dispatch_record_roles_record_id_d4fdc708_fk_dispatch_record_id
  FOREIGN KEY (record_id) REFERENCES dispatch_record (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_record_roles ADD CONSTRAINT dispatch_record_roles_role_id_3f8b6104_fk_dispatch_role_id
  FOREIGN KEY (role_id) REFERENCES dispatch_role (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_notification ADD CONSTRAINT dispatch_notification_recipient_id_3923d5d8_fk_auth_user_id
  FOREIGN KEY (recipient_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_notification ADD CONSTRAINT dispatch_notification_item_type_id_6a1f5789_fk_django_content_t
  FOREIGN KEY (item_type_id) REFERENCES django_content_type (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_action ADD CONSTRAINT dispatch_action_user_id_c0889e85_fk_auth_user_id
  FOREIGN KEY (user_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_action ADD CONSTRAINT dispatch_action_item_type_id_9503a710_fk_django_content_type_id
  FOREIGN KEY (item_type_id) REFERENCES django_content_type (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_action ADD CONSTRAINT dispatch_action_owner_type_id_aaffd058_fk_django_content_type_i
  FOREIGN KEY (owner_type_id) REFERENCES django_content_type (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_file ADD CONSTRAINT dispatch_file_instruction_id_f7ef809f_fk_dispatch_instruction_i
  FOREIGN KEY (instruction_id) REFERENCES dispatch_instruction (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_file ADD CONSTRAINT dispatch_file_product_id_84cc9c4c_fk_dispatch_product_id
  FOREIGN KEY (product_id) REFERENCES dispatch_product (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_record_attachments ADD CONSTRAINT dispatch_record_attachments_record_id_dd7e6729_fk_dispatch_reco
  FOREIGN KEY (record_id) REFERENCES dispatch_record (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_record_attachments ADD CONSTRAINT dispatch_record_attachments_file_id_d894e9e3_fk_dispatch_file_i
  FOREIGN KEY (file_id) REFERENCES dispatch_file (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_template ADD CONSTRAINT dispatch_template_category_id_c591336f_fk_dispatch_category_id
  FOREIGN KEY (category_id) REFERENCES dispatch_category (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_template_edit_roles ADD CONSTRAINT dispatch_template_edit_roles_template_id_8a38fb0c_fk_dispatch_t
  FOREIGN KEY (template_id) REFERENCES dispatch_template (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_template_edit_roles ADD CONSTRAINT dispatch_template_edit_roles_role_id_fb5cdd3f_fk_dispatch_role_
  FOREIGN KEY (role_id) REFERENCES dispatch_role (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_template_view_roles ADD CONSTRAINT dispatch_template_view_roles_template_id_1bb8f754_fk_dispatch_t
  FOREIGN KEY (template_id) REFERENCES dispatch_template (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_template_view_roles ADD CONSTRAINT dispatch_template_view_roles_role_id_28654cdf_fk_dispatch_role_
  FOREIGN KEY (role_id) REFERENCES dispatch_role (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_template_view_groups ADD CONSTRAINT dispatch_template_view_groups_template_id_f2d7a2a9_fk_dispatch_
  FOREIGN KEY (template_id) REFERENCES dispatch_template (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_template_view_groups ADD CONSTRAINT dispatch_template_view_groups_group_id_bf4effbf_fk_auth_group_i
  FOREIGN KEY (group_id) REFERENCES auth_group (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_template_products ADD CONSTRAINT dispatch_template_products_template_id_3f02bf7e_fk_dispatch_tem
  FOREIGN KEY (template_id) REFERENCES dispatch_template (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_template_products ADD CONSTRAINT dispatch_template_products_product_id_a0cab190_fk_dispatch_prod
  FOREIGN KEY (product_id) REFERENCES dispatch_product (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_template_predecessors ADD CONSTRAINT dispatch_template_predecessors_from_template_id_559f3e46_fk_dis
  FOREIGN KEY (from_template_id) REFERENCES dispatch_template (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_template_predecessors ADD CONSTRAINT dispatch_template_predecessors_to_template_id_158cdc74_fk_dispa
  FOREIGN KEY (to_template_id) REFERENCES dispatch_template (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_task ADD CONSTRAINT dispatch_task_template_id_6252d53f_fk_dispatch_template_id
  FOREIGN KEY (template_id) REFERENCES dispatch_template (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_task ADD CONSTRAINT dispatch_task_actor_id_029b1120_fk_auth_user_id
  FOREIGN KEY (actor_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_payment ADD CONSTRAINT dispatch_payment_doctor_id_2d8ffffa_fk_auth_user_id
  FOREIGN KEY (doctor_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_payment ADD CONSTRAINT dispatch_payment_office_id_eda34210_fk_dispatch_office_id
  FOREIGN KEY (office_id) REFERENCES dispatch_office (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_payment ADD CONSTRAINT dispatch_payment_instruction_id_a86477be_fk_dispatch_instructio
  FOREIGN KEY (instruction_id) REFERENCES dispatch_instruction (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_payment ADD CONSTRAINT dispatch_payment_order_id_fde04701_fk_dispatch_order_id
  FOREIGN KEY (order_id) REFERENCES dispatch_order (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_operation ADD CONSTRAINT dispatch_operation_payment_id_27c48c7c_fk_dispatch_payment_id
  FOREIGN KEY (payment_id) REFERENCES dispatch_payment (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_offer ADD CONSTRAINT dispatch_offer_doctor_id_ba53f7bb_fk_auth_user_id
  FOREIGN KEY (doctor_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_offer ADD CONSTRAINT dispatch_offer_product_id_22e05dc5_fk_dispatch_product_id
  FOREIGN KEY (product_id) REFERENCES dispatch_product (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_discount ADD CONSTRAINT dispatch_discount_offer_id_0a081505_fk_dispatch_offer_id
  FOREIGN KEY (offer_id) REFERENCES dispatch_offer (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_purchase ADD CONSTRAINT dispatch_purchase_order_id_cca058fe_fk_dispatch_order_id
  FOREIGN KEY (order_id) REFERENCES dispatch_order (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE dispatch_purchase ADD CONSTRAINT dispatch_purchase_product_id_01c3aec1_fk_dispatch_product_id
  FOREIGN KEY (product_id) REFERENCES dispatch_product (id) DEFERRABLE INITIALLY DEFERRED;
